import type { Inspection } from '../ports.ts';
import { askHealth } from './ask-health.ts';
import type { Deployment } from './journal.ts';
import { nextCommand } from './next-command.ts';
import { otherSlot, type Slot } from './slot.ts';
import { standbyIsOver } from './standby.ts';
import { soleSlot, type Split } from './split.ts';
import { sharedText, type View } from './view.ts';
import type { World } from './world.ts';

export type SlotState = 'live' | 'canary' | 'standby' | 'starting' | 'stopped' | 'failed';

export interface SlotStatus {
  state: SlotState;
  release: string | null;
  port: number;
  pid: number | null;
  /** Since when the process runs, ISO 8601. */
  since: string | null;
  restarts: number;
  /** Resident bytes. */
  memory: number | null;
  /** Open connections through the router, where it tells them apart from idle ones of its own: `l4`. */
  connections: number | null;
  /** WebSockets and event streams that are open to it; null where they cannot be told apart. */
  streams: number | null;
  /** Requests that it has not answered yet, as far as that can be seen. */
  waiting: number | null;
  /** Why it is not as it should be. */
  detail: string | null;
}

/** The document of `status --json`; `schema/status.schema.json` describes it. */
export interface Status {
  version: 3;
  app: string;
  live: Slot | null;
  split: Split;
  /** True, or what each of the three witnesses says. */
  agreement: true | { records: string; router: string; frontDoor: string; differences: readonly string[] };
  frontDoor: { slot: Slot | null; status: number | null; detail: string };
  slots: Readonly<Record<Slot, SlotStatus>>;
  /** Who made the live release live, and when (ISO 8601). */
  liveSince: { at: string; by: string; command: string; message: string | null } | null;
  deployment: { id: string; command: string; by: string; at: string; step: string | null; running: boolean } | null;
  releases: readonly string[];
  /** Answers that the standby gave since the last deployment, because the live release could not; null: none, or unknown. */
  failovers: { requests: number; seconds: number; last: string } | null;
  /** What to type next, for people. */
  next: string;
}

export async function statusOf(world: World, view: View): Promise<Status> {
  const { config, store } = world;
  const owner = view.unfinished ? await store.lockOwner() : undefined;
  const running = owner?.alive ?? false;
  const [blue, green, trouble, failovers] = await Promise.all([
    connectionsOf(world, view, 'blue'),
    connectionsOf(world, view, 'green'),
    standbyTrouble(world, view),
    failoversOf(world, view),
  ]);
  const none = { connections: null, streams: null, waiting: null };
  return {
    version: 3,
    app: config.app,
    live: view.live ?? null,
    split: view.split,
    agreement: agreementOf(view),
    frontDoor: {
      slot: view.frontDoor.slot ?? null,
      status: view.frontDoor.status ?? null,
      detail: view.frontDoor.detail,
    },
    slots: {
      blue: { ...slotStatus('blue', view, config.slots.blue, trouble), ...(blue ?? none) },
      green: { ...slotStatus('green', view, config.slots.green, trouble), ...(green ?? none) },
    },
    liveSince: liveSince(view),
    deployment: view.unfinished ? unfinished(view.unfinished, running) : null,
    releases: view.releases.map(({ id }) => id),
    failovers,
    next: nextCommand(view, running, standbyIsOver(view, config.standby, world.clock.now()) !== undefined, trouble),
  };
}

type Open = Pick<SlotStatus, 'connections' | 'streams' | 'waiting'>;

/** What idles between nginx and the application is nobody's. */
async function connectionsOf({ config, router }: World, view: View, slot: Slot): Promise<Open | undefined> {
  const ofKernel = config.router.mode === 'l4';
  if (view.slots[slot].state !== 'running' || (view.depth === 'alive' && !ofKernel)) return undefined;
  const { open, streams, waiting } = await router.connections(slot);
  return { connections: ofKernel ? open : null, streams: streams ?? null, waiting: waiting ?? null };
}

/** Why the standby could not take over; undefined: it could, or there is none. */
async function standbyTrouble(
  world: World,
  { live, depth, slots: seen, unfinished: running }: View,
): Promise<string | undefined> {
  if (!live || depth === 'alive' || running || world.config.router.mode === 'none') return undefined;
  const slot = otherSlot(live);
  if (seen[slot].state !== 'running') return undefined;
  const { asked, answer, healthy } = await askHealth(world, slot);
  return healthy ? undefined : `could not take over: ${asked}: ${answer}`;
}

async function failoversOf({ traffic }: World, { depth, deployments }: View): Promise<Status['failovers']> {
  const mark = deployments.findLast(({ end }) => end?.mark)?.end?.mark;
  if (!traffic || mark === undefined || depth === 'alive') return null;
  const { requests, seconds, last } = await traffic.failovers(mark);
  return last === undefined ? null : { requests, seconds, last };
}

function slotStatus(slot: Slot, view: View, port: number, trouble: string | undefined): Omit<SlotStatus, keyof Open> {
  const seen = view.slots[slot];
  const own = slot === view.live ? null : (trouble ?? null);
  return {
    state: stateOf(slot, seen, view, port),
    release: seen.release ?? null,
    port,
    pid: seen.pid ?? null,
    since: seen.since === undefined ? null : new Date(seen.since).toISOString(),
    restarts: seen.restarts,
    memory: seen.memory ?? null,
    detail: seen.taken ? 'another process listens on its port' : (seen.detail ?? own),
  };
}

function stateOf(slot: Slot, seen: Inspection, view: View, port: number): SlotState {
  if (seen.state === 'stopped') return 'stopped';
  if (seen.state === 'exited') return 'failed';
  if (slot === view.live) return 'live';
  if (view.split[slot] > 0 && view.split[slot] < 100) return view.unfinished?.from === slot ? 'live' : 'canary';
  const listens = view.depth === 'alive' || seen.ports.includes(port);
  return listens && !isBeingStarted(slot, view) ? 'standby' : 'starting';
}

function isBeingStarted(slot: Slot, { unfinished: running }: View): boolean {
  const begun = running?.begun.map((index) => running.plan[index]) ?? [];
  return begun.some((step) => step?.do === 'start' && step.slot === slot);
}

function agreementOf(view: View): Status['agreement'] {
  if (view.disagreements.length === 0) return true;
  const recorded = view.deployments.findLast(({ end }) => end?.live)?.end;
  return {
    records: recorded?.live ?? 'nothing',
    router: soleSlot(view.split) ?? sharedText(view.split),
    frontDoor: view.frontDoor.slot ?? view.frontDoor.detail,
    differences: view.disagreements,
  };
}

function liveSince({ deployments, live }: View): Status['liveSince'] {
  const last = deployments.findLast(
    ({ end, command }) =>
      end?.outcome === 'done' && end.live === live && (command === 'deploy' || command === 'rollback'),
  );
  if (!last?.end) return null;
  return { at: new Date(last.end.at).toISOString(), by: last.by, command: last.command, message: last.message ?? null };
}

function unfinished({ deployment, command, by, at, begun, plan }: Deployment, running: boolean): Status['deployment'] {
  const step = plan[begun.at(-1) ?? -1]?.do ?? null;
  return { id: deployment, command, by, at: new Date(at).toISOString(), step, running };
}
