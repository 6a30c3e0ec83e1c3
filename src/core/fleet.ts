import { foreseen } from './aftermath.ts';
import { execute, type Finished } from './execute.ts';
import { asFailure, Failure } from './failure.ts';
import { putRight } from './fleet-back.ts';
import { verdictOf } from './fleet-verdict.ts';
import { locked, settled, unlocked, type Planned, type SessionOptions } from './session.ts';
import type { View } from './view.ts';
import { watchWave } from './watch-wave.ts';
import { wavesOf } from './waves.ts';
import type { Wave } from '../config/config.ts';
import type { Lock } from '../ports.ts';
import type { World } from './world.ts';

/** Servers that are deployed to as one. */
export interface Fleet {
  servers: readonly FleetServer[];
  waves: readonly Wave[];
  /** How long the first of several waves is watched, in ms. */
  watch: number;
  onFailure: 'back' | 'stop';
  /** Around each server's turn; rejects when the turn must not begin. */
  around: (when: 'before' | 'after', server: string, release: string | undefined) => Promise<void>;
  tell: (event: FleetEvent) => void;
}

export interface FleetServer {
  name: string;
  world: World;
  /** Connects anew, after the connection was lost. */
  reopen(): Promise<World>;
}

export type FleetEvent =
  | { type: 'wave'; number: number; of: number; servers: readonly string[] }
  | { type: 'watch'; servers: readonly string[]; time: number }
  | { type: 'back'; servers: readonly string[]; why: string }
  | { type: 'trouble'; server: string; text: string };

/** What became of a server. `back`: it had switched, and has its former release again. */
export interface ServerResult {
  name: string;
  outcome: 'done' | 'failed' | 'back' | 'stuck' | 'untouched';
  /** Release that gets its traffic now; undefined: none, or nobody can tell. */
  release: string | undefined;
  finished: Finished | undefined;
  failure: Failure | undefined;
}

export interface FleetResult {
  results: readonly ServerResult[];
  /** Why not all of them have switched. */
  failure: Failure | undefined;
}

export interface Ready {
  server: FleetServer;
  view: View;
}

export interface Turn extends Ready {
  planned: Planned;
}

/** Locks all, prepares all, then goes through them in waves. Nothing is touched unless every one is ready. No plan: nothing to do there. */
export async function rollOut(
  fleet: Fleet,
  options: SessionOptions,
  plan: (ready: readonly Ready[]) => readonly (Promise<Planned> | undefined)[],
): Promise<FleetResult> {
  const held: { server: FleetServer; lock: Lock }[] = [];
  try {
    // In one order, so that of two at once one gets them all.
    for (const server of fleet.servers.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
      held.push({ server, lock: await locked(server.world, options).catch((error) => refuse(server, error)) });
    const views = await allOf(fleet.servers, ({ world }) => settled(world, options.depth));
    const ready = fleet.servers.flatMap((server, index) => (views[index] ? [{ server, view: views[index] }] : []));
    const plans = plan(ready);
    const planned = await allOf(fleet.servers, (_, index) => plans[index]);
    const turns = ready.flatMap((one, index) => (planned[index] ? [{ ...one, planned: planned[index] }] : []));
    const idle = ready.filter((_, index) => !planned[index]).map(untouched);
    const { results, failure } = await inWaves(fleet, turns, options.signal);
    return { results: [...results, ...idle], failure };
  } finally {
    await Promise.all(held.map(({ server, lock }) => unlocked(server.world, lock)));
  }
}

/** All of them are asked, so that all that is wrong is told at once. */
async function allOf<T>(
  servers: readonly FleetServer[],
  ask: (server: FleetServer, index: number) => Promise<T> | undefined,
): Promise<readonly (T | undefined)[]> {
  const answers = await Promise.allSettled(servers.map(async (server, index) => ask(server, index)));
  const refused = answers.flatMap((answer, index) =>
    answer.status === 'rejected' ? [{ name: servers[index]?.name ?? '', failure: asFailure(answer.reason) }] : [],
  );
  const [first] = refused;
  if (first)
    throw new Failure({
      ...first.failure.fields,
      what: `${first.name}: ${first.failure.fields.what}; no server was touched`,
      why: refused.map(({ name, failure: { fields } }) => `${name}: ${fields.what}\n${fields.why ?? ''}`).join('\n'),
    });
  return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : undefined));
}

function refuse({ name }: FleetServer, error: unknown): never {
  const failure = asFailure(error);
  throw new Failure({ ...failure.fields, what: `${name}: ${failure.fields.what}` }, failure.cause);
}

async function inWaves(fleet: Fleet, turns: readonly Turn[], signal: AbortSignal): Promise<FleetResult> {
  const waves = wavesOf(turns, fleet.waves);
  const results: ServerResult[] = [];
  for (const [index, wave] of waves.entries()) {
    if (signal.aborted) break;
    const servers = wave.map(({ server }) => server.name);
    if (turns.length > 1) fleet.tell({ type: 'wave', number: index + 1, of: waves.length, servers });
    results.push(...(await Promise.all(wave.map((turn) => takeTurn(fleet, turn, signal)))));
    if (results.some(({ failure }) => failure)) break;
    if (index > 0 || waves.length === 1) continue;
    fleet.tell({ type: 'watch', servers, time: fleet.watch });
    results.push(...(await watched(wave, fleet.watch, signal, results.splice(0))));
    if (results.some(({ failure }) => failure)) break;
  }
  const rest = turns.slice(results.length).map(untouched);
  const interrupted = signal.aborted ? foreseen(undefined, signal) : undefined;
  if (!interrupted && rest.length === 0 && results.every(({ failure }) => !failure))
    return { results, failure: undefined };
  const ended = await putRight(fleet, turns, results, signal);
  return { results: [...ended, ...rest], failure: verdictOf([...ended, ...rest], interrupted) };
}

async function takeTurn(fleet: Fleet, { server, planned }: Turn, signal: AbortSignal): Promise<ServerResult> {
  const { name, world } = server;
  const { begin, job } = planned;
  try {
    await fleet.around('before', name, begin.release);
    const now = { at: world.clock.now(), mark: (await world.traffic?.mark()) ?? begin.mark };
    const finished = await execute(world, job, { ...begin, ...now }, signal);
    return { name, outcome: 'done', release: finished.end.release, finished, failure: undefined };
  } catch (error) {
    const failure = ofServer(name, asFailure(error));
    return { name, outcome: 'failed', release: begin.fromRelease, finished: undefined, failure };
  } finally {
    await fleet.around('after', name, begin.release).catch((error: unknown) => {
      fleet.tell({ type: 'trouble', server: name, text: asFailure(error).fields.what });
    });
  }
}

/** What to type is for one server then. */
function ofServer(name: string, { fields, cause }: Failure): Failure {
  const fix = fields.fix?.replaceAll(
    /`cutover (logs|history|recover|up|unlock|doctor)\b([^`]*)`/g,
    `\`cutover $1$2 --only ${name}\``,
  );
  return new Failure({ ...fields, fix }, cause);
}

async function watched(
  wave: readonly Turn[],
  time: number,
  signal: AbortSignal,
  results: readonly ServerResult[],
): Promise<readonly ServerResult[]> {
  const seen = wave.map(({ server: { name, world }, planned }) => ({ name, world, ...planned }));
  const trouble = await watchWave(seen, time, signal);
  return results.map((result) => ({ ...result, failure: trouble.get(result.name) ?? result.failure }));
}

function untouched({ server, view }: Ready): ServerResult {
  const release = view.live && view.slots[view.live].release;
  return { name: server.name, outcome: 'untouched', release, finished: undefined, failure: undefined };
}
