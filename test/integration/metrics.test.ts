import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import { startPrometheus, type Prometheus } from '../../lab/prometheus.ts';
import type { Load } from '../../lab/strict-client.ts';
import { otherSlot } from '../../src/core/slot.ts';
import { finding } from '../support/doctor.ts';
import { mustHaveLostNothing } from '../support/lost-nothing.ts';
import { createStand, mustBeDone, type Stand } from '../support/stand.ts';

let stand: Stand;
let load: Load;
let prometheus: Prometheus;
let queue: string;

/** Answers with the number behind the `?`, or 7. */
const numbers = createServer(({ url = '' }, answer) => answer.end(`${url.split('?')[1] ?? '7'}\n`));

const watching = (metric: string) => `health: { path: /health }
shift: { stages: [50, 100], for: 300ms }
watch: { for: 300ms, requests: 0, metrics: [${metric}] }
`;

beforeAll(async () => {
  await once(numbers.listen(0, '127.0.0.1'), 'listening');
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
  numbers.close();
});

function address(): string {
  return `http://127.0.0.1:${(numbers.address() as AddressInfo).port}/`;
}

/** One line of `metrics`, looked at ten times a second. */
function line(name: string, keys: string): string {
  const filled = keys.replace('QUEUE', queue).replace('PROMETHEUS', prometheus.url).replace('NUMBER', address());
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

  test('is asked about the new release, and in the folder of the file as hooks are', async () => {
    const { live, slots } = await stand.status();
    const idle = stand.ports[otherSlot(live ?? 'blue')];
    const release = Number(slots[live ?? 'blue'].release);
    const folder = path.dirname(stand.config);
    writeFileSync(path.join(folder, 'told.sh'), 'echo "$CUTOVER_PORT" > told; pwd >> told; echo 1\n');
    writeFileSync(path.join(folder, 'told'), '');
    const prometheusOf = `prometheus: 'PROMETHEUS', query: 'vector({port})', min: ${idle}, max: ${idle}`;
    const good = [
      line('told', 'command: [sh, ./told.sh], min: 1'),
      line('url', `url: '${address()}?{port}', min: ${idle}, max: ${idle}`),
      line('query', prometheusOf),
      line('release', `command: [echo, '{release}'], min: ${release + 1}`),
    ];
    stand.configure(watching(good.join(', ')));
    const { code, stderr } = await stand.cutover('deploy');
    expect(code, stderr).toBe(0);
    expect(readFileSync(path.join(folder, 'told'), 'utf8')).toBe(`${idle}\n${folder}\n`);
  });

  test('is remembered from stage to stage, so that short ones hide nothing', async () => {
    const rare = line('queue', 'command: [cat, QUEUE], max: 10').replace('100ms', '600ms, misses: 3');
    stand.configure(watching(rare).replaceAll('300ms', '1s'));
    const { code, stderr } = await stand.cutover('deploy');
    expect(stderr).toContain('METRIC_BAD');
    expect(code).toBe(5);
  });

  test('that takes its time holds up nothing: slow answers take a release back meanwhile', async () => {
    stand.configure(`health: { path: /health }
env: { FAIL: 'slow:300' }
shift: { stages: [50, 100], for: 10s }
watch: { for: 1s, settle: 0s, metrics: [{ name: slow, command: [sleep, '4'], max: 1, misses: 1 }] }
`);
    const { code, stderr } = await stand.cutover('deploy');
    expect(stderr).toContain('RELEASE_WORSE');
    expect(code).toBe(5);
  });

  test('is asked by doctor too, which tells whether a deploy would pass', async () => {
    for (const [keys, verdict, says] of [
      ['command: [cat, QUEUE], max: 50', 'fine', 'queue is 50 (at most 50)'],
      ['command: [cat, QUEUE], min: 10, max: 20', 'warning', 'queue is 50, and must be at most 20 and at least 10'],
      ['command: [cat, no-such-file], max: 50', 'wrong', 'queue is no number: exit code 1'],
    ] as const) {
      stand.configure(watching(line('queue', keys)));
      const found = await finding(stand, 'watch-metrics');
      expect(found).toMatchObject({ verdict, says: expect.stringContaining(says) as string });
    }
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
