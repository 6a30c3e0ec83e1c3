import type { Outcome } from './events.ts';
import type { Failovers } from '../ports.ts';
import type { Step } from './plan.ts';
import type { Proof } from './prove.ts';
import type { Slot } from './slot.ts';
import type { Split } from './split.ts';

export type Command = 'deploy' | 'rollback' | 'up' | 'down' | 'recover';

/** One line of `journal.jsonl`. Every entry is synced before the effect that it announces. */
export type JournalEntry = Begin | StepBegun | StepDone | AbortBegun | End;

export interface Begin {
  kind: 'begin';
  deployment: string;
  command: Command;
  /** Wall time in ms since the epoch. */
  at: number;
  /** `user@host`. */
  by: string;
  message?: string | undefined;
  /** Split that was in force, and what an abort goes back to. */
  before: Split;
  /** Slot that was live, unless nothing was. */
  from?: Slot | undefined;
  fromRelease?: string | undefined;
  to?: Slot | undefined;
  release?: string | undefined;
  /** Release that stood by in `to` and had to make room. */
  evicted?: string | undefined;
  plan: readonly Step[];
  /** Tells whether two deploys had the same configuration. */
  configuration?: string | undefined;
  /** Position in the front door's log. */
  mark?: string | undefined;
}

export interface StepBegun {
  kind: 'step';
  deployment: string;
  at: number;
  index: number;
}

export interface StepDone {
  kind: 'done';
  deployment: string;
  at: number;
  index: number;
  /** Milliseconds. */
  took: number;
}

export interface AbortBegun {
  kind: 'abort';
  deployment: string;
  at: number;
  code: string;
  what: string;
}

export interface End {
  kind: 'end';
  deployment: string;
  at: number;
  outcome: Outcome;
  /** Slot that gets the traffic from now on, and the release in it. */
  live?: Slot | undefined;
  release?: string | undefined;
  requests?: number | undefined;
  lost?: number | undefined;
  cut?: number | undefined;
  /** Position in the front door's log. */
  mark?: string | undefined;
  /** What the standby answered since the deployment before ended, because the live release could not. */
  failovers?: Pick<Failovers, 'requests' | 'seconds'> | undefined;
  /** What a strict client saw. */
  proof?: Proof | undefined;
}

/** All entries of one deployment, put together. */
export interface Deployment extends Begin {
  /** Indexes into `plan`. */
  begun: readonly number[];
  finished: readonly StepDone[];
  abort: AbortBegun | undefined;
  end: End | undefined;
}

export function deploymentsOf(journal: readonly JournalEntry[]): readonly Deployment[] {
  const found = new Map<string, Deployment>();
  for (const entry of journal.filter(isWhole)) {
    const known = found.get(entry.deployment);
    if (entry.kind === 'begin') found.set(entry.deployment, opened(entry));
    else if (known) found.set(entry.deployment, extended(known, entry));
  }
  return [...found.values()];
}

export function unfinishedOf(deployments: readonly Deployment[]): Deployment | undefined {
  const last = deployments.at(-1);
  return last && !last.end ? last : undefined;
}

/** What the records say is live: the end of the last finished deployment that knew. */
export function recordedLive(deployments: readonly Deployment[]): End | undefined {
  return deployments.findLast((deployment) => deployment.end?.live)?.end;
}

/** A file that people can edit, and that power failures damage: what is no entry is left out, not tripped over. */
function isWhole(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null) return false;
  const { kind, deployment, at, index, plan, before } = entry as Partial<Record<string, unknown>>;
  if (typeof deployment !== 'string' || typeof at !== 'number' || Number.isNaN(new Date(at).getTime())) return false;
  if (kind === 'begin') return Array.isArray(plan) && plan.every(isObject) && isObject(before);
  if (kind === 'step' || kind === 'done') return Number.isInteger(index);
  return kind === 'abort' || kind === 'end';
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function opened(begin: Begin): Deployment {
  return { ...begin, begun: [], finished: [], abort: undefined, end: undefined };
}

function extended(known: Deployment, entry: Exclude<JournalEntry, Begin>): Deployment {
  switch (entry.kind) {
    case 'step':
      return { ...known, begun: [...known.begun, entry.index] };
    case 'done':
      return { ...known, finished: [...known.finished, entry] };
    case 'abort':
      return { ...known, abort: entry };
    case 'end':
      return { ...known, end: entry };
  }
}
