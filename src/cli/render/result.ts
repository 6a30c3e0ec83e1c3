import type { Config } from '../../config/config.ts';
import { deadlineOf } from '../../core/deadline.ts';
import type { Finished } from '../../core/execute.ts';
import type { Begin } from '../../core/journal.ts';
import type { Artifact } from '../../core/stage.ts';
import type { World } from '../../core/world.ts';
import { humanBytes, humanDuration } from '../../lib/duration.ts';
import { stepIntent, stepName } from './step.ts';

/** The important line, last. */
export function endText({ begin, end }: Finished, config: Config): string {
  const { live, release, requests, lost, cut } = end;
  if (!live) return 'Done.\n';
  const counted = requests ? ` ${lost ?? 0} of ${requests.toLocaleString('en')} requests lost meanwhile.` : '';
  const cutText = cut ? ` ${cut} connections were cut.` : '';
  const standby =
    begin.from && begin.fromRelease && !begin.plan.some((step) => step.do === 'stop' && step.slot === begin.from);
  const back =
    begin.command === 'deploy' && standby ? `\`cutover rollback\` goes back at once: ${begin.from} stays up.\n` : '';
  return `Release ${release ?? '?'} is live in ${live} on port ${config.slots[live]}.${counted}${cutText}\n${back}`;
}

/** Steps, ports, deadlines and files of a deploy that was not done. */
export function planText({ plan, to, release, before }: Begin, world: World, artifact: Artifact): string {
  const { config } = world;
  const rows = plan.map((step, index) => {
    const longest = deadlineOf(world, [step]);
    return `  ${String(index + 1).padStart(2)}  ${stepName(step).padEnd(8)} ${stepIntent(step).padEnd(52)} ${longest > 0 ? `≤ ${humanDuration(longest)}` : ''}`.trimEnd();
  });
  const size = artifact.size > 0 ? ` (${humanBytes(artifact.size)})` : '';
  return `${config.app}: deploy ${artifact.source}${size} as release ${release ?? '?'}
  to       ${to ?? '?'}, port ${to ? config.slots[to] : '?'} (traffic now: blue ${before.blue} %, green ${before.green} %)
  runtime  ${world.runtime.name}
  router   ${world.router.name}
  files    ${config.state}/releases/${release ?? '?'}/, ${config.state}/slots/${to ?? '?'}/
${rows.join('\n')}
At most ${humanDuration(deadlineOf(world, plan))}. Nothing was done.
`;
}
