import type { Traffic } from '../ports.ts';
import type { Outcome } from './events.ts';
import type { Begin, End } from './journal.ts';
import type { Job } from './perform.ts';
import { soleSlot } from './split.ts';
import type { World } from './world.ts';

/** The last entry of a deployment: what is live now, by router and process, and what the front door counted meanwhile. */
export async function finish(world: World, job: Job, begin: Begin, outcome: Outcome, began: number): Promise<End> {
  const { router, runtime, store, clock, traffic } = world;
  const live = begin.command === 'down' ? undefined : soleSlot(await router.read());
  const release = live && (await runtime.inspect(live, 'alive')).release;
  const proof = await job.prover?.stop();
  if (proof) world.report({ type: 'proof', ...proof });
  const counted = traffic && (await counts(traffic, begin.mark, job.since));
  const end: End = {
    kind: 'end',
    deployment: begin.deployment,
    at: clock.now(),
    outcome,
    ...(live && release ? { live, release } : {}),
    ...counted,
    cut: job.cut,
    ...(proof ? { proof } : {}),
  };
  await store.append(end);
  world.report({ type: 'end', outcome, took: clock.elapsed() - began });
  return end;
}

async function counts(traffic: Traffic, mark: string | undefined, since: string | undefined): Promise<Partial<End>> {
  const [counted, failovers, now] = await Promise.all([
    mark === undefined ? undefined : traffic.since(mark),
    since === undefined ? undefined : traffic.failovers(since),
    traffic.mark(),
  ]);
  const { requests = 0, seconds = 0 } = failovers ?? {};
  return { ...counted, mark: now, ...(requests > 0 ? { failovers: { requests, seconds } } : {}) };
}
