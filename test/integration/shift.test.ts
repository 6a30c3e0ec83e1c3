import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { Load, LoadReport } from '../../lab/strict-client.ts';
import { createStand, finished, mustBeDone, type Stand } from '../support/stand.ts';
import { until } from '../support/until.ts';

let stand: Stand;
let load: Load;

const shop = (more: string, fail = '') => `health: { path: /health }
watch: { for: 1s, settle: 0s, requests: 0 }
shift: { stages: [1, 25, 50, 100], for: 1s }
${more}${fail ? `env: { FAIL: '${fail}', NODE_OPTIONS: '--max-old-space-size=64' }` : ''}`;

beforeAll(async () => {
  stand = await createStand({ config: shop('') });
  mustBeDone(await stand.cutover('deploy', '-m', 'first'));
});

beforeEach(async () => {
  load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 20, rate: 300 });
});

afterAll(async () => stand?.stop());

/** What a bad release answers is its own; nothing else may be lost. */
function mustHaveLostNothingElse({ lossKinds, byRelease, sent }: LoadReport, what: string): void {
  const { status = 0, ...others } = lossKinds;
  console.log(`${what}: of ${sent} requests ${status} answered badly by the new release, 0 lost`, byRelease);
  expect(others).toEqual({});
}

describe('traffic in stages', () => {
  test('a good release gets more and more, and nothing is lost', async () => {
    const { code, stderr } = await stand.cutover('deploy');
    expect(stderr).toContain('99 % on blue, 1 % on green');
    expect(code).toBe(0);
    const report = await load.stop();
    console.log(`a canary: 0 of ${report.sent} lost`, report.byRelease);
    expect(report.losses).toEqual([]);
    expect(await stand.status()).toMatchObject({ live: 'green', agreement: true });
  });

  test.each([
    ['errors:100', 'RELEASE_WORSE', /GET and HEAD|POST/],
    ['post-errors:100', 'RELEASE_WORSE', /POST/],
    ['slow:400', 'RELEASE_WORSE', /slow/],
    ['leaks:2', /APP_DIED|RELEASE_WORSE/, /died|errors more often/],
    ['dies-after:60', /APP_DIED|RELEASE_WORSE/, /died|errors more often/],
    ['flapping', 'UNHEALTHY', /unhealthy/],
  ])('a release with %s is taken back', async (fail, code, what) => {
    const live = (await stand.status()).live;
    // Ill for 1.5 of 3 s, and looked at once a second: three in ten looks, however they fall.
    stand.configure(fail === 'flapping' ? shop('', fail).replace('100], for: 1s', '100], for: 4s') : shop('', fail));
    const result = await stand.cutover('deploy');
    expect(result.stderr).toMatch(code);
    expect(result.stderr).toMatch(what);
    expect(result.stderr).toMatch(/100 % on green \(release 2\)\. Release \d+ may have answered some of your users/);
    expect(result.code).toBe(5);
    mustHaveLostNothingElse(await load.stop(), fail);
    expect(await stand.status()).toMatchObject({ live, agreement: true, deployment: null });
    stand.configure(shop(''));
  });
});

describe('what a person says meanwhile', () => {
  test('promote, pause and abort are heard', async () => {
    const { live } = await stand.status();
    const held = '{ percent: 10, hold: true }, { percent: 60, for: 60s }, 100';
    stand.configure(`health: { path: /health }\nshift: { stages: [${held}] }\nwatch: { for: 1s, requests: 0 }`);
    const ended = finished(stand.start('deploy'));
    const at = (percent: number) => async () => (await stand.status()).split[live ?? 'blue'] === 100 - percent;
    await until(at(10), 30_000, 'the stage that holds');
    const held10 = await stand.status();
    expect(held10.slots[live === 'blue' ? 'green' : 'blue'].state).toBe('canary');
    expect(held10.next).toContain('promote');
    mustBeDone(await stand.cutover('promote'));
    await until(at(60), 30_000, 'the next stage');
    mustBeDone(await stand.cutover('pause'));
    mustBeDone(await stand.cutover('abort'));
    const { code, stderr } = await ended;
    expect(stderr).toContain('aborted by');
    expect(code).toBe(5);
    expect(await stand.status()).toMatchObject({ live, agreement: true });
    const report = await load.stop();
    expect(report.losses).toEqual([]);
    expect((await stand.cutover('promote')).stderr).toContain('NOTHING_UNDER_WAY');
    stand.configure(shop(''));
  });

  test('a deploy that is killed in a stage is put back by the next command', async () => {
    const live = (await stand.status()).live;
    const running = stand.start('deploy');
    while ((await stand.status()).split[live ?? 'blue'] > 75) await sleep(50);
    running.kill('SIGKILL');
    await once(running, 'exit');
    expect((await stand.status()).next).toContain('recover');
    mustBeDone(await stand.cutover('recover'));
    expect(await stand.status()).toMatchObject({ live, agreement: true });
    const report = await load.stop();
    console.log(`killed in a stage: 0 of ${report.sent} lost`);
    expect(report.losses).toEqual([]);
  });
});
