import { parseConfig } from '../../src/config/parse.ts';
import type { JournalEntry } from '../../src/core/journal.ts';
import type { Release } from '../../src/core/release.ts';
import { slots, type Slot } from '../../src/core/slot.ts';
import { allTo, soleSlot, type Split } from '../../src/core/split.ts';
import type { World } from '../../src/core/world.ts';
import { release } from '../contracts/store.ts';

/** A server that outlives the command: what each of its parts remembers. */
export interface Server {
  split: Split;
  running: Record<Slot, string | undefined>;
  proven: Set<Slot>;
  journal: JournalEntry[];
  releases: readonly Release[];
  /** What must never happen, and did. */
  violations: string[];
}

/** What becomes of the N-th effect: the tool dies before or after it, or the effect fails once. */
export interface Fate {
  at: number;
  how: 'die-before' | 'die-after' | 'fail' | 'live';
}

const hooks = ['before_start', 'after_start', 'before_switch', 'after_switch', 'activate', 'deactivate'];
const text = `app: shop
artifact: .
run: node server.js
state: /srv/shop
health: { path: /health, interval: 1ms, timeout: 1s, deadline: 1s }
hooks: { ${hooks.map((name) => `${name}: "true"`).join(', ')} }
`;
const config = parseConfig('/srv/cutover.yaml', text);

export function newServer(live: Slot | undefined, standby: string | undefined): Server {
  const running = { blue: undefined, green: undefined } as Server['running'];
  const target = live === 'blue' ? 'green' : 'blue';
  if (live) running[live] = '1';
  running[target] = standby;
  const proven = new Set(live ? [live] : []);
  const releases = ['0', '1', '2'].map(release);
  return { split: allTo(live ?? 'blue'), running, proven, journal: [], releases, violations: [] };
}

/** The ports over that server, for one command that meets its fate. */
export function worldOf(server: Server, fate: Fate = { at: 0, how: 'live' }): World {
  let effects = 0;
  let dead = false;
  async function effect(change: () => void): Promise<void> {
    effects += 1;
    const mine = effects === fate.at ? fate.how : 'live';
    if (mine === 'die-before') dead = true;
    if (dead || mine === 'fail') throw new Error(dead ? 'dead' : 'this one failed');
    change();
    watch(server);
    if (mine === 'die-after') dead = true;
    if (dead) throw new Error('dead');
  }
  async function answered<T>(value: () => T): Promise<T> {
    if (dead) throw new Error('dead');
    return value();
  }
  let time = 0;
  return {
    config,
    checks: [],
    traffic: undefined,
    report: () => {},
    who: 'me@here',
    clock: { now: () => 0, elapsed: () => time, sleep: async (milliseconds) => void (time += milliseconds) },
    host: {
      me: {
        host: 'here',
        user: 'me',
        uid: 1000,
        home: '/home/me',
        path: '/bin',
        pid: 1,
        remote: false,
        sudoUser: undefined,
      },
      run: () => answered(() => ({ code: 0, stdout: '/bin/true', stderr: '', timedOut: false })),
      read: () => answered(() => undefined),
      write: () => answered(() => undefined),
      copy: () => answered(() => ''),
      request: ({ url }) => answered(() => answer(server, config.slots, Number(new URL(url).port))),
    },
    artifacts: {
      place: (id) => `/releases/${id}`,
      mustFit: async () => {},
      stage: () => answered(() => 'staged'),
      remove: () => answered(() => undefined),
    },
    store: {
      journal: () => answered(() => server.journal),
      append: (...entries) => effect(() => server.journal.push(...entries)),
      releases: () => answered(() => server.releases),
      lock: () => answered(() => ({ takenOverFrom: undefined, release: () => Promise.resolve() })),
      lockOwner: () => answered(() => undefined),
    },
    router: {
      name: 'model',
      granularity: 100,
      read: () => answered(() => server.split),
      write: (split) => effect(() => void (server.split = split)),
      ask: () => answered(() => asked(server)),
      connections: () => answered(() => ({ open: 0 })),
      install: () => answered(() => []),
    },
    runtime: {
      name: 'model',
      start: (slot, launch) => effect(() => put(server, slot, launch.release.id)),
      stop: (slot) => effect(() => put(server, slot, undefined)).then(() => ({ how: 'graceful' as const })),
      inspect: (slot) => answered(() => inspected(server, slot, config.slots[slot])),
      keep: () => answered(() => undefined),
      logs: () => answered(() => ['true']),
    },
  };
}

function put(server: Server, slot: Slot, id: string | undefined): void {
  server.running[slot] = id;
  server.proven.delete(slot);
}

/** Traffic that had a proven release has one at every instant. */
function watch(server: Server): void {
  const live = soleSlot(server.split);
  if (server.running.blue === undefined && server.running.green === undefined) return;
  const served = live && server.running[live] !== undefined && server.proven.has(live);
  const could = slots.some((slot) => server.running[slot] && server.proven.has(slot));
  if (!served && could) server.violations.push(`traffic on ${live ?? 'both'}, which is not proven`);
}

function answer(server: Server, ports: Record<Slot, number>, port: number) {
  const slot = slots.find((candidate) => ports[candidate] === port);
  if (!slot || server.running[slot] === undefined) throw new Error('refused');
  server.proven.add(slot);
  return { status: 200, headers: {}, body: 'UP', from: undefined };
}

function asked({ split, running }: Server) {
  const slot = soleSlot(split);
  const up = slot !== undefined && running[slot] !== undefined;
  return { slot, status: up ? 200 : 502, answered: true, detail: `answered from ${slot ?? 'nobody'}` };
}

function inspected({ running }: Server, slot: Slot, port: number) {
  const up = running[slot] !== undefined;
  return {
    state: up ? ('running' as const) : ('stopped' as const),
    release: running[slot],
    pid: up ? 1 : undefined,
    since: 0,
    restarts: 0,
    memory: undefined,
    ports: up ? [port] : [],
    taken: false,
    detail: undefined,
  };
}
