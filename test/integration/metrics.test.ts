import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import { startPrometheus, type Prometheus } from '../../lab/prometheus.ts';
import type { Load } from '../../lab/strict-client.ts';
import { mustHaveLostNothing } from '../support/lost-nothing.ts';
import { createStand, mustBeDone, type Stand } from '../support/stand.ts';

let stand: Stand;
let load: Load;
let prometheus: Prometheus;
let queue: string;

const seven = createServer((_, answer) => answer.end('7\n'));

const watching = (metric: string) => `health: { path: /health }
shift: { stages: [50, 100], for: 300ms }
watch: { for: 300ms, requests: 0, metrics: [${metric}] }
`;

beforeAll(async () => {
  await once(seven.listen(0, '127.0.0.1'), 'listening');
  prometheus = await startPrometheus();
  stand = await createStand({ config: watching('') });
  queue = path.join(stand.dir, 'queue');
  writeFileSync(queue, '50\n');
  mustBeDone(await stand.cutover('deploy'));
});

beforeEach(async () => {
  load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 20, rate: 100 });
});

afterEach(async ({ task }) => mustHaveLostNothing(await load.stop(), task.name));

afterAll(async () => {
  await stand?.stop();
  await prometheus?.stop();
  seven.close();
});

/** One line of `metrics`, looked at ten times a second. */
function line(name: string, keys: string): string {
  const number = `http://127.0.0.1:${(seven.address() as AddressInfo).port}/`;
  const filled = keys.replace('QUEUE', queue).replace('PROMETHEUS', prometheus.url).replace('NUMBER', number);
  return `{ name: ${name}, ${filled}, every: 100ms }`;
}

describe('a number of one’s own', () => {
  test.each([
    ['queue', 'command: [cat, QUEUE], max: 10', 'queue is 50'],
    ['speed', 'command: [echo, fast], min: 1', 'speed is no number: fast'],
    ['lag', "url: 'NUMBER', max: 5", 'lag is 7'],
    ['lag', "url: 'http://127.0.0.1:1/', max: 1", 'lag is no number'],
    ['vector', "prometheus: 'PROMETHEUS', query: 'vector(50)', max: 10", 'vector is 50'],
    ['scalar', "prometheus: 'PROMETHEUS', query: 'scalar(vector(0.5))', min: 1", 'scalar is 0.5'],
    ['targets', `prometheus: 'PROMETHEUS', query: 'up{job="itself"}', max: 0`, 'targets is 1'],
    ['none', "prometheus: 'PROMETHEUS', query: no_such_series, max: 1", 'none is no number: nothing'],
    ['typo', "prometheus: 'PROMETHEUS', query: 'rate(', max: 1", 'typo is no number: answered 400: invalid parameter'],
  ])('%s takes a release back: %s', async (name, keys, words) => {
    const { live } = await stand.status();
    stand.configure(watching(line(name, keys)));
    const { code, stderr } = await stand.cutover('deploy');
    expect(stderr).toContain('METRIC_BAD');
    expect(stderr).toContain(words);
    expect(code).toBe(5);
    expect(await stand.status()).toMatchObject({ live, agreement: true, deployment: null });
  });

  test('lets a release pass that is good by all of them', async () => {
    const good = [
      line('queue', 'command: [cat, QUEUE], max: 50'),
      line('targets', `prometheus: 'PROMETHEUS', query: 'up{job="itself"}', min: 1`),
      line('lag', "url: 'NUMBER', max: 7"),
    ];
    stand.configure(watching(good.join(', ')));
    const { code, stderr } = await stand.cutover('deploy');
    expect(code, stderr).toBe(0);
  });
});
