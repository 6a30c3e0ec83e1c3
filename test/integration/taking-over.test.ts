import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import { createStand, mustBeDone, nodeSample, type Stand } from '../support/stand.ts';
import { until } from '../support/until.ts';

let stand: Stand;
let script: ChildProcess;

/** As somebody has it who followed the tutorial: the application runs on the port that the include names. */
beforeAll(async () => {
  stand = await createStand({
    config: 'health: { path: /health }\nupstream: { idle: 200ms }',
    setup: false,
  });
  const include = path.join(stand.nginx.dir, 'service-url.inc');
  writeFileSync(include, `set $service_url http://127.0.0.1:${stand.ports.blue};\n`);
  writeFileSync(
    path.join(stand.nginx.confDir, 'shop.conf'),
    `server {
  listen 127.0.0.1:${stand.nginx.port};
  server_name ${stand.host};
  include ${include};
  location / {
    proxy_pass $service_url;
    proxy_set_header Host $http_host;
  }
}
`,
  );
  await stand.nginx.reload();
  script = spawn(process.execPath, ['server.js'], {
    cwd: nodeSample,
    env: { ...process.env, PORT: String(stand.ports.blue), CUTOVER_RELEASE: 'by-script' },
  });
  const answers = () =>
    fetch(`http://127.0.0.1:${stand.ports.blue}/version`).then(
      () => true,
      () => false,
    );
  await until(answers, 20_000, 'the application of the script');
});

afterAll(async () => {
  script?.kill('SIGKILL');
  await stand?.stop();
});

test('the first deploy takes over from an application that a script had started, and loses nothing', async () => {
  const include = path.join(stand.nginx.dir, 'service-url.inc');
  const text = `mode: adopted\n  include: ${include}\n`;
  stand.reroute(text);
  mustBeDone(await stand.cutover('setup'));
  expect(await stand.status()).toMatchObject({ live: 'blue', agreement: true });
  const load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 20, rate: 200 });
  mustBeDone(await stand.cutover('deploy'));
  const report = await load.stop();
  console.log(`taking over: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
  expect(Object.keys(report.byRelease)).toEqual(expect.arrayContaining(['by-script', '1']));
  expect(await stand.status()).toMatchObject({ live: 'green', agreement: true });
});

test('the next deploy says that the old process has to end first', async () => {
  const refused = await stand.cutover('deploy');
  expect(refused.stderr).toContain('PORT_TAKEN');
  script.kill('SIGTERM');
  await new Promise((gone) => script.on('exit', gone));
  mustBeDone(await stand.cutover('deploy'));
  expect(await stand.status()).toMatchObject({ live: 'blue', agreement: true });
});
