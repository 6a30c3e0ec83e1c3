import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { Load, LoadReport } from '../../lab/strict-client.ts';
import type { SlotStatus } from '../../src/core/status.ts';
import type { Slot } from '../../src/core/slot.ts';
import { finding } from '../support/doctor.ts';
import { createDockerStand, type DockerStand } from '../support/docker-stand.ts';
import { mustBeDone } from '../support/stand.ts';
import { until } from '../support/until.ts';

/** Twenty checks, 50 ms apart: a trial takes a second at least. */
const config =
  'health: { path: /health, deadline: 6s, interval: 50ms, successes: 20 }\nupstream: { server: node, idle: 200ms }\ngrace: 3s\ncontainer: { memory: 96M }\n';
const starts = (script: string) => `CMD ["node", "-e", "${script}; import('/app/server.js')"]`;
/** Well, until somebody makes /tmp/crash in its container. */
const frail = starts("if (fs.existsSync('/tmp/crash')) { console.log('the licence is over'); process.exit(3) }");
const devour = 'setInterval(() => (globalThis.kept ??= []).push(Buffer.alloc(8 << 20, 1)), 20)';

/** A supervisor inside the container: for the engine it never ends. */
const keeper = `ENV SHORT="setTimeout(process.exit, 400); import('/app/server.js')"
CMD ["node", "-e", "const run = () => child_process.spawn('node', ['-e', process.env.SHORT]).on('exit', () => setTimeout(run, 400)); run()"]`;

let docker: DockerStand;
let load: Load;
const reports: LoadReport[] = [];

beforeAll(async () => {
  docker = await createDockerStand({ config });
  await docker.image('shop:frail', frail);
  mustBeDone(await docker.stand.cutover('deploy', 'shop:frail'));
  mustBeDone(await docker.stand.cutover('deploy', 'shop:frail'));
  load = await start(0.5);
});

afterAll(async () => docker?.stop());

function start(posts: number): Promise<Load> {
  return startLoadProcess({ url: docker.stand.url, host: docker.stand.host, connections: 20, rate: 100, posts });
}

/** A write that meets a release which just died is answered 502 and never sent twice; reads go to the standby. */
async function withReadsOnly(work: () => Promise<void>): Promise<void> {
  reports.push(await load.stop());
  load = await start(0);
  await work();
  reports.push(await load.stop());
  load = await start(0.5);
}

async function inside(slot: Slot, script: string): Promise<void> {
  await docker.engine.docker('exec', `cutover-shop-${slot}`, 'node', '-e', script);
}

/** Its first process, so that the engine takes it for a crash. */
async function kill(slot: Slot): Promise<void> {
  const { pid } = await slotOf(slot);
  if (pid === null) throw new Error(`nothing runs in ${slot}`);
  process.kill(pid, 'SIGKILL');
}

async function slotOf(slot: Slot): Promise<SlotStatus> {
  return (await docker.stand.status()).slots[slot];
}

describe('a release that ends again and again', () => {
  const looping = /^ended with exit code 3; the engine starts it again \(\d+ times so far\)$/;

  async function crash(slot: Slot): Promise<void> {
    await inside(slot, "fs.writeFileSync('/tmp/crash', '')");
    await kill(slot);
    await until(async () => (await slotOf(slot)).restarts > 3, 60_000);
  }

  test('while it is live is shown with its count and its exit code, the standby answers, and a rollback ends it', async () => {
    const { stand } = docker;
    await withReadsOnly(async () => {
      await crash('green');
      const status = await stand.status();
      expect(status).toMatchObject({ live: 'green', agreement: true });
      expect(status.slots.green.restarts).toBeGreaterThan(3);
      await until(async () => looping.test((await slotOf('green')).detail ?? ''), 60_000);
      expect(await finding(stand, 'crashes')).toMatchObject({ verdict: 'wrong', says: expect.stringMatching(/green/) });
      load.fireIdleNow();
      mustBeDone(await stand.cutover('rollback'));
      load.fireIdleNow();
    });
    expect(await stand.status()).toMatchObject({ live: 'blue', agreement: true, deployment: null });
  });

  test('while it stands by is shown, and the next deploy takes its place', async () => {
    const { stand } = docker;
    await until(async () => looping.test((await slotOf('green')).detail ?? ''), 90_000);
    await until(async () => (await finding(stand, 'standby')).verdict === 'wrong', 90_000);
    mustBeDone(await stand.cutover('deploy', 'shop:frail'));
    load.fireIdleNow();
    expect((await stand.status()).slots.green).toMatchObject({ state: 'live', restarts: 0, detail: null });
  });

  test.each([
    [
      'ends after its first good answers',
      starts('setTimeout(() => process.exit(7), 400)'),
      'APP_EXITED',
      'exit code 7',
    ],
    ['is started again and again by a keeper of its own', keeper, 'HEALTH_TIMEOUT', ''],
  ])('and %s is not let through', async (_, lines, code, words) => {
    await docker.image('shop:loop', lines);
    await refused('shop:loop', code, words);
  });
});

describe('a release that needs more than its memory limit', () => {
  test('is ended by the kernel, and the deploy says so and what to do', async () => {
    await docker.image('shop:hungry', starts(devour));
    const stderr = await refused('shop:hungry', 'APP_EXITED', 'it met its memory limit of 96 MB');
    expect(stderr).toMatch(/fix +raise `container.memory`/);
  });

  test('once it is live is shown with the same words', async () => {
    const { stand, engine, image } = docker;
    await image('shop:later', starts(`if (fs.existsSync('/tmp/hungry')) ${devour}`));
    mustBeDone(await stand.cutover('deploy', 'shop:later'));
    const { live } = await stand.status();
    const slot = live ?? 'blue';
    await withReadsOnly(async () => {
      await inside(slot, "fs.writeFileSync('/tmp/hungry', '')");
      await kill(slot);
      await until(async () => (await slotOf(slot)).detail?.includes('memory limit of 96 MB') === true, 60_000);
      await until(async () => (await finding(stand, 'crashes')).fix?.includes('container.memory') === true, 60_000);
      mustBeDone(await stand.cutover('rollback'));
      load.fireIdleNow();
    });
    await engine.docker('rm', '--force', `cutover-shop-${slot}`);
  });
});

test('through all of it no request was lost', async () => {
  reports.push(await load.stop());
  const sent = reports.reduce((sum, report) => sum + report.sent, 0);
  const losses = reports.flatMap((report) => report.losses);
  console.log(
    `containers that end again and again or meet their memory limit: ${losses.length} of ${sent} requests lost`,
  );
  expect(losses).toEqual([]);
});

async function refused(image: string, failure: string, words: string): Promise<string> {
  const { stand, engine } = docker;
  const before = await stand.status();
  const { code, stderr } = await stand.cutover('deploy', image);
  expect(stderr).toContain(failure);
  expect(stderr).toContain(words);
  expect(code, stderr).toBe(5);
  load.fireIdleNow();
  const after = await stand.status();
  expect(after).toMatchObject({ live: before.live, agreement: true, deployment: null });
  const other = after.live === 'blue' ? 'green' : 'blue';
  expect(await engine.docker('ps', '--all', '--quiet', `--filter=name=${other}`)).toBe('');
  return stderr;
}
