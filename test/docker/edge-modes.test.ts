import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { LoadReport } from '../../lab/strict-client.ts';
import { serverBlock } from '../support/adopted.ts';
import { createEdgeStand, type EdgeStand } from '../support/edge-stand.ts';
import { mustBeDone } from '../support/stand.ts';

const include = '/etc/nginx/conf.d/service-url.inc';
let edge: EdgeStand | undefined;

afterEach(async () => edge?.stop());

/** The well-known server block, in a container; then two deploys and two rollbacks under load. */
async function loaded(mode: 'adopted' | 'classic'): Promise<LoadReport> {
  const made = await createEdgeStand({
    config: 'health: { path: /health }\nupstream: { idle: 1s }\n',
    lines: ({ nginx }) => `  mode: ${mode}\n  include: ${include}\n  front_door: http://127.0.0.1:${nginx.port}`,
    async beforeSetup({ sites, stand, engine }) {
      writeFileSync(path.join(sites, 'service-url.inc'), `set $service_url http://127.0.0.1:${stand.ports.blue};\n`);
      const block = { port: stand.nginx.port, host: stand.host, include };
      writeFileSync(path.join(sites, 'theirs.conf'), serverBlock(block));
      await engine.docker('exec', 'edge', 'nginx', '-s', 'reload');
    },
  });
  edge = made;
  const { stand } = made;
  mustBeDone(await stand.cutover('deploy'));
  const load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 30, rate: 300 });
  for (const word of ['deploy', 'rollback', 'deploy', 'rollback']) {
    mustBeDone(await stand.cutover(word));
    load.fireIdleNow();
  }
  expect(await stand.status()).toMatchObject({ agreement: true, live: 'blue' });
  const report = await load.stop();
  console.log(`nginx in a container, ${mode}: ${report.lost} of ${report.sent} requests lost`);
  mustBeDone(await stand.cutover('down', '--yes'));
  mustBeDone(await stand.cutover('setup', '--remove'));
  return report;
}

test('adopted: four switches lose nothing', async () => {
  expect((await loaded('adopted')).losses).toEqual([]);
});

/* As on the host, a reload of nginx before 1.27.4 resets clients that send at that very moment, and nothing else. */
test('classic: four reloads lose only requests that meet a connection nginx is closing', async () => {
  const report = await loaded('classic');
  const others = Object.keys(report.lossKinds).filter(
    (kind) => !['reset', 'eof', 'ECONNRESET', 'EPIPE'].includes(kind),
  );
  expect(others).toEqual([]);
  expect(report.lost).toBeLessThan(report.sent * 0.05);
});
