import { asFailure, Failure } from './failure.ts';
import type { Planned } from './session.ts';
import type { World } from './world.ts';

const interval = 250;

interface Watched extends Planned {
  name: string;
  world: World;
}

/** Looks at servers that have just switched for a time. Ends early at the first that does not hold; tells which do not. */
export async function watchWave(
  servers: readonly Watched[],
  time: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Failure>> {
  const [first] = servers;
  const trouble = new Map<string, Failure>();
  if (!first) return trouble;
  const { clock } = first.world;
  for (const end = clock.elapsed() + time; clock.elapsed() < end && trouble.size === 0 && !signal.aborted;) {
    await Promise.all(servers.map((server) => noted(server, trouble, mustHold)));
    await clock.sleep(interval, signal).catch(() => undefined);
  }
  await Promise.all(servers.map((server) => noted(server, trouble, mustHaveLostNone)));
  return trouble;
}

async function noted(
  server: Watched,
  trouble: Map<string, Failure>,
  check: (server: Watched) => Promise<void>,
): Promise<void> {
  await check(server).catch((error: unknown) => trouble.set(server.name, asFailure(error)));
}

async function mustHold({ world, begin, job }: Watched): Promise<void> {
  const { to } = begin;
  if (!to) return;
  const [answer, seen] = await Promise.all([world.router.ask(), world.runtime.inspect(to, 'alive')]);
  if (answer.slot !== to || !answer.answered || (answer.status ?? 200) >= 500) throw didNotHold(answer.detail);
  if (job.proven?.slot === to && seen.pid !== job.proven.pid)
    throw didNotHold(seen.detail ?? `the application in ${to} ended and was started again`);
}

async function mustHaveLostNone({ world: { traffic }, begin }: Watched): Promise<void> {
  const lost = traffic && begin.mark ? (await traffic.since(begin.mark)).lost : 0;
  if (lost > 0) throw didNotHold(`${lost} requests were answered by no release`);
}

function didNotHold(why: string): Failure {
  return new Failure({
    code: 'WATCH_FAILED',
    what: 'the new release did not hold while it was watched',
    why,
    fix: 'see `cutover logs` of the release, mend it, then deploy again',
  });
}
