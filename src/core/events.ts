import type { Counts } from './evidence.ts';
import type { Connections } from '../ports.ts';
import type { Step } from './plan.ts';
import type { Proof } from './prove.ts';
import type { Slot } from './slot.ts';
import type { FailureFields } from './failure.ts';

/** What the core tells while it works. Milliseconds throughout. */
export type ReporterEvent =
  | { type: 'begin'; deployment: string; command: string; plan: readonly Step[]; deadline: number }
  | { type: 'step'; step: Step; index: number }
  | { type: 'note'; text: string }
  /** Bytes of the artifact that the server has, told a few times a second. */
  | { type: 'progress'; sent: number; total: number }
  /** How the new release does beside the old one, a few times a second. */
  | { type: 'watch'; percent: number; left: number; paused: boolean; seen: Readonly<Record<'fresh' | 'old', Counts>> }
  /** What keeps a slot from being stopped, a few times a second. */
  | { type: 'drain'; slot: Slot; left: number; seen: Connections }
  | { type: 'done'; step: Step; index: number; took: number; detail: string | undefined }
  | { type: 'failed'; step: Step; index: number; took: number; failure: FailureFields }
  | { type: 'abort'; why: string; plan: readonly Step[] }
  | { type: 'warning'; text: string }
  /** What a strict client saw meanwhile. */
  | ({ type: 'proof' } & Proof)
  | { type: 'end'; outcome: Outcome; took: number };

/** How a deployment ended: as planned, put back as it was, or so that a person has to look. */
export type Outcome = 'done' | 'put-back' | 'stuck';
