import { afterAll, beforeAll, expect, test } from 'vitest';
import { springBootJar } from '../../lab/jars.ts';
import { startLoadProcess } from '../../lab/load-process.ts';
import { startServer, unitOf, type Server } from '../support/systemd-stand.ts';

let java: Server;

beforeAll(async () => {
  java = await startServer({
    name: 'boot',
    java: true,
    artifact: await springBootJar(),
    config: `user: appuser\nenv: { JAVA_TOOL_OPTIONS: '-XX:TieredStopAtLevel=1' }\n`,
  });
  await java.machine.exec(['useradd', '--create-home', 'appuser']);
});

afterAll(async () => java?.machine.stop());

test('a Spring Boot jar is deployed twice and rolled back, as a user of its own', async () => {
  await java.done('setup');
  await java.done('deploy');
  const load = await startLoadProcess({ url: java.url, host: java.host, connections: 20, rate: 100 });
  await java.done('deploy');
  load.fireIdleNow();
  await java.done('rollback');
  load.fireIdleNow();
  const report = await load.stop();
  console.log(`Spring Boot under systemd, deploy and rollback: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
  expect(await java.say('sh', '-c', 'ps axo user:20,comm | grep java | sort -u')).toMatch(/^appuser +java$/);
  expect((await java.status()).slots.blue).toMatchObject({ state: 'live', release: '1' });
});

test('the clean stop of a JVM, exit code 143, is no failure', async () => {
  await java.done('down', '--yes');
  for (const slot of ['blue', 'green'] as const) {
    const shown = await java.say('systemctl', 'show', '-p', 'Result,ActiveState,ExecMainStatus', unitOf(slot));
    expect(shown.split('\n').toSorted()).toEqual(['ActiveState=inactive', 'ExecMainStatus=143', 'Result=success']);
  }
  expect(await java.say('systemctl', 'list-units', '--failed', '--no-legend')).toBe('');
  expect((await java.done('history')).stdout).toContain('down');
});
