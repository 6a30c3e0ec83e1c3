import { Failure } from './failure.ts';
import type { Begin, Command } from './journal.ts';
import { resume } from './execute.ts';
import type { Lock } from '../ports.ts';
import type { Job } from './perform.ts';
import type { Slot } from './slot.ts';
import { look, type View } from './view.ts';
import type { World } from './world.ts';

export interface SessionOptions {
  /** What holds the lock, for others to read. */
  command: string;
  /** Milliseconds to queue for the lock; 0 gives up at once. */
  wait: number;
  /** Requests a second of a strict client through the front door, meanwhile; undefined: none. */
  prove?: number | undefined;
  /** How closely to look at the slots before `work`; `full` where a slot will be started. */
  depth?: 'alive' | 'full';
  signal: AbortSignal;
}

/** What is about to be done, ready to be executed. */
export interface Planned {
  begin: Begin;
  job: Job;
}

const lockInterval = 200;

/** Holds the lock, puts an interrupted deployment right first, then lets `work` see what is. */
export async function underLock<T>(
  world: World,
  options: SessionOptions,
  work: (view: View) => Promise<T>,
): Promise<T> {
  const lock = await locked(world, options);
  try {
    return await work(await settled(world, options.depth));
  } finally {
    await unlocked(world, lock);
  }
}

export async function unlocked(world: World, lock: Lock): Promise<void> {
  await lock.release().catch(() => note(world, 'the lock could not be let go; the next command proves its owner dead'));
}

export async function locked(world: World, options: SessionOptions): Promise<Lock> {
  const lock = await queued(world, options);
  if (lock.takenOverFrom)
    note(world, `took over the lock of ${lock.takenOverFrom.command} (process ${lock.takenOverFrom.pid} is dead)`);
  return lock;
}

async function queued(world: World, { command, wait, signal }: SessionOptions) {
  const end = world.clock.elapsed() + wait;
  let told = false;
  for (;;) {
    try {
      return await world.store.lock(command);
    } catch (error) {
      const locked = error instanceof Failure && error.fields.code === 'LOCKED';
      if (!locked || world.clock.elapsed() >= end) throw error;
      if (!told) note(world, `waiting: ${error.fields.why ?? ''}`);
      told = true;
      await world.clock.sleep(lockInterval, signal);
    }
  }
}

/** What is, after an interrupted deployment was put right. */
export async function settled(world: World, depth: SessionOptions['depth']): Promise<View> {
  const view = await look(world, depth);
  if (!view.unfinished) return view;
  const { command, deployment, by } = view.unfinished;
  note(world, `${command} ${deployment} by ${by} was interrupted: putting it right`);
  await resume(world, jobOf(view), view.unfinished);
  return look(world, depth);
}

export function jobOf(view: View, artifact?: Job['artifact'], prove?: number): Job {
  const since = view.deployments.findLast(({ end }) => end?.mark)?.end?.mark;
  return { artifact, releases: view.releases, proven: undefined, deployment: '', cut: 0, since, prove };
}

export function beginOf(
  world: World,
  view: View,
  command: Command,
  fields: Pick<Begin, 'plan' | 'message' | 'configuration'> & { to?: Slot; release?: string },
): Begin {
  const last = view.deployments.at(-1)?.deployment ?? '0';
  return {
    kind: 'begin',
    deployment: String(Number(last) + 1),
    command,
    at: world.clock.now(),
    by: world.who,
    before: view.split,
    from: view.live,
    fromRelease: view.live && view.slots[view.live].release,
    mark: view.mark,
    evicted: fields.to && view.slots[fields.to].release,
    ...fields,
  };
}

function note(world: World, text: string): void {
  world.report({ type: 'note', text });
}
