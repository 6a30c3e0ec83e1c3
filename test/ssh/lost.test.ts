import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import { startServers, type Server, type Servers } from '../../lab/servers.ts';
import type { Load } from '../../lab/strict-client.ts';
import type { Status } from '../../src/core/status.ts';
import { host, makeLaptop, yaml, type Laptop } from '../support/ssh-stand.ts';
import { mustBeDone } from '../support/stand.ts';

const names = ['shop1', 'shop2', 'shop3'];
let servers: Servers;
let laptops: readonly Laptop[];

beforeAll(async () => {
  servers = await startServers(names);
  laptops = names.map((name) => makeLaptop(servers, yaml(`server: ${name}`, 'drain: 5s\n')));
  await Promise.all(
    laptops.map(async (laptop) => {
      mustBeDone(await laptop.cutover('setup'));
      mustBeDone(await laptop.cutover('deploy'));
    }),
  );
});

afterAll(async () => {
  laptops?.forEach((laptop) => laptop.remove());
  await servers?.stop();
});

function laptopOf(index: number): Laptop {
  const laptop = laptops[index];
  if (laptop === undefined) throw new Error(`there is no laptop ${index}`);
  return laptop;
}

async function underLoad(server: Server): Promise<Load> {
  const load = await startLoadProcess({ url: server.url, host, connections: 10, rate: 100 });
  onTestFinished(async () => void (await load.stop().catch(() => undefined)));
  return load;
}

async function statusOf(laptop: Laptop): Promise<Status> {
  return JSON.parse((await laptop.cutover('status', '--json')).stdout) as Status;
}

interface Last {
  outcome: string;
  to: { slot: string };
  steps: readonly { step: string }[];
}

async function lastDeployment(laptop: Laptop): Promise<Last> {
  const [last] = JSON.parse((await laptop.cutover('history', '--json', '-n', '1')).stdout) as readonly [Last];
  return last;
}

/** Until the connection is cut in `confirm` the deploy may have come to its last step, from which it goes on. */
function goesOn(step: string, { steps: begun }: Last): boolean {
  return ['confirm', 'prune'].includes(step) && begun.some((one) => one.step === 'prune');
}

/** Nothing half done, nothing in dispute, and nobody holds the lock. */
async function mustBeWhole(laptop: Laptop): Promise<Status> {
  const status = await statusOf(laptop);
  expect(status).toMatchObject({ agreement: true, deployment: null });
  expect((await laptop.cutover('unlock')).stdout).toBe('Nobody holds the lock.\n');
  return status;
}

/** So that a deploy has to drain and stop one first; the one before may have come that far. */
async function withBothSlotsTaken(laptop: Laptop): Promise<Status> {
  const status = await statusOf(laptop);
  if (Object.values(status.slots).every(({ pid }) => pid !== null)) return status;
  mustBeDone(await laptop.cutover('deploy'));
  return statusOf(laptop);
}

const steps = ['stage', 'drain', 'stop', 'start', 'probe', 'shift', 'confirm', 'prune'];

it('a connection that breaks in any step loses nothing: what was under way is put right at once', async () => {
  const laptop = laptopOf(0);
  const load = await underLoad(servers.get('shop1'));
  for (const step of steps) {
    const before = await withBothSlotsTaken(laptop);
    const began = { it: false };
    const { done } = laptop.watched(['deploy'], (event) => {
      const isIt = event.type === 'step' && (event['step'] as { do: string }).do === step;
      if (isIt && !began.it) laptop.breakConnections();
      began.it ||= isIt;
    });
    const { code, stdout } = await done;
    expect([step, began.it]).toEqual([step, true]);
    const after = await mustBeWhole(laptop);
    if (code === 0) continue;
    expect([step, code, stdout]).toEqual([step, 5, expect.stringContaining('CONNECTION_LOST')]);
    const last = await lastDeployment(laptop);
    expect([step, after.live]).toEqual([step, goesOn(step, last) ? last.to.slot : before.live]);
  }
  const { sent, lost } = await load.stop();
  console.log(`connection broken in each of ${steps.length} steps: ${lost} of ${sent} requests lost`);
  expect(lost).toBe(0);
});

it('a network that is silent for half a minute is waited for, and what was under way is put right', async () => {
  const cases = [
    { laptop: laptopOf(0), server: servers.get('shop1'), step: 'start' },
    { laptop: laptopOf(1), server: servers.get('shop2'), step: 'shift' },
    { laptop: laptopOf(2), server: servers.get('shop3'), step: 'confirm' },
  ];
  const outcomes = await Promise.all(
    cases.map(async ({ laptop, server, step }) => {
      const load = await underLoad(server);
      const before = await statusOf(laptop);
      const cut: Promise<void>[] = [];
      const { done } = laptop.watched(['deploy'], (event) => {
        if (event.type === 'step' && (event['step'] as { do: string }).do === step && cut.length === 0)
          cut.push(server.cutSsh());
        if (event.type === 'warning' && cut.length === 1) cut.push(server.mendSsh());
      });
      const { code, stdout } = await done;
      await Promise.all(cut);
      const after = await mustBeWhole(laptop);
      const last = await lastDeployment(laptop);
      return { step, code, stdout, cuts: cut.length, before, after, last, report: await load.stop() };
    }),
  );
  for (const { step, code, stdout, cuts, before, after, last, report } of outcomes) {
    console.log(`network silent in ${step}: exit code ${code}, ${report.lost} of ${report.sent} requests lost`);
    expect([step, report.lost, cuts]).toEqual([step, 0, 2]);
    expect([step, code]).toEqual([step, 5]);
    const told = `100 % on release ${after.live && after.slots[after.live].release}`;
    expect([step, stdout]).toEqual([step, expect.stringContaining(told)]);
    const mayStay = goesOn(step, last);
    expect([step, after.live, last.outcome]).toEqual([
      step,
      mayStay ? last.to.slot : before.live,
      mayStay ? 'done' : 'put-back',
    ]);
  }
});

it('a laptop that is closed in the middle leaves a lock that the next one takes over by proof', async () => {
  const server = servers.get('shop1');
  const [closed, next] = [laptopOf(0), makeLaptop(servers, yaml('server: shop1', 'drain: 5s\n'))];
  onTestFinished(() => next.remove());
  const load = await underLoad(server);
  const before = await statusOf(closed);
  const paused: { pid?: number } = {};
  const { done, pid } = closed.watched(['deploy'], (event) => {
    if (event.type !== 'step' || (event['step'] as { do: string }).do !== 'probe') return;
    paused.pid = pid;
    process.kill(pid, 'SIGSTOP');
  });
  while (paused.pid === undefined) await new Promise((go) => setTimeout(go, 10));
  const refused = await next.cutover('deploy');
  expect(refused.code).toBe(4);
  expect(refused.stderr).toMatch(/another cutover is at work: deploy by \S+@\S+/);
  expect(refused.stderr).toMatch(/, as deploy@shop1 \(process \d+ there\), has held the lock/);
  const taken = await next.cutover('rollback', '--wait', '2m');
  process.kill(pid, 'SIGCONT');
  expect((await done).code).not.toBe(0);
  expect(taken.stderr).toContain('took over the lock of deploy by');
  expect(taken.stderr).toContain('was interrupted: putting it right');
  expect(taken.code).toBe(0);
  const after = await mustBeWhole(next);
  const { sent, lost } = await load.stop();
  console.log(`a laptop asleep in the middle of a deploy: ${lost} of ${sent} requests lost`);
  expect([lost, after.live === before.live]).toEqual([0, false]);
});
