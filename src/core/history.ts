import type { Deployment } from './journal.ts';
import type { Proof } from './prove.ts';
import type { Slot } from './slot.ts';

/** One line of `history --json`. */
export interface HistoryEntry {
  deployment: string;
  command: string;
  /** ISO 8601. */
  at: string;
  /** `user@host`. */
  by: string;
  message: string | null;
  from: { slot: Slot; release: string | null } | null;
  to: { slot: Slot; release: string | null } | null;
  outcome: 'done' | 'put-back' | 'stuck' | 'unfinished';
  /** Why it was put back. */
  failure: { code: string; what: string } | null;
  /** Milliseconds from the begin to the end; null while there is no end. */
  took: number | null;
  steps: readonly { step: string; took: number | null }[];
  /** Seen by the front door's log from begin to end; null where it keeps none. */
  requests: number | null;
  lost: number | null;
  /** Connections that were open when their slot was stopped. */
  cut: number;
  /** What the standby answered before, because the release that was live could not; null: nothing. */
  failovers: { requests: number; seconds: number } | null;
  /** What the strict client of `--prove` saw; null: there was none. */
  proof: Proof | null;
}

export function historyOf(deployments: readonly Deployment[]): readonly HistoryEntry[] {
  return deployments.map((deployment) => {
    const { end, abort } = deployment;
    return {
      deployment: deployment.deployment,
      command: deployment.command,
      at: new Date(deployment.at).toISOString(),
      by: deployment.by,
      message: deployment.message ?? null,
      from: deployment.from ? { slot: deployment.from, release: deployment.fromRelease ?? null } : null,
      to: deployment.to ? { slot: deployment.to, release: deployment.release ?? null } : null,
      outcome: end?.outcome ?? 'unfinished',
      failure: abort ? { code: abort.code, what: abort.what } : null,
      took: end ? end.at - deployment.at : null,
      steps: stepsOf(deployment),
      requests: end?.requests ?? null,
      lost: end?.lost ?? null,
      cut: end?.cut ?? 0,
      failovers: end?.failovers ?? null,
      proof: end?.proof ?? null,
    };
  });
}

function stepsOf({ plan, begun, finished }: Deployment): HistoryEntry['steps'] {
  return begun.map((index) => ({
    step: plan[index]?.do ?? '?',
    took: finished.find((entry) => entry.index === index)?.took ?? null,
  }));
}
