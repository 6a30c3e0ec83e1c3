import type { Config, Hook } from '../../config/config.ts';
import { fine, warning, type Check } from '../finding.ts';
import { humanDuration } from '../../lib/duration.ts';

/** Whoever calls cutover, and whatever cutover calls, needs at least as much time as the wait itself. */
export const deadlines: Check = {
  id: 'deadlines',
  group: 'deployments',
  trap: 5,
  title: 'deadlines',
  check({ config }) {
    const { health, hooks } = config;
    const short = hooks.afterStart && hooks.afterStart.deadline < health.deadline;
    if (health.interval * (health.successes - 1) >= health.deadline)
      return warning(
        `${health.successes} successes every ${humanDuration(health.interval)} do not fit into ${humanDuration(health.deadline)}`,
        'raise health.deadline',
      );
    if (short)
      return warning(
        `the hook after_start may take ${humanDuration(hooks.afterStart.deadline)}, but the app itself ${humanDuration(health.deadline)}: a hook that waits for it is ended too early`,
        'raise the deadline of hooks.after_start, or use before_switch, which runs when the app is healthy',
      );
    return fine(`a deploy takes at most ${humanDuration(longest(config))}; give CI more than that`);
  },
};

/** With a standby one slot is stopped, the one that makes room; without one the old release is stopped, too. */
function longest({ health, hooks, drain, grace, standby }: Config): number {
  const all: (Hook | undefined)[] = Object.values(hooks);
  const spent = all.reduce((sum, hook) => sum + (hook?.deadline ?? 0), 0);
  return health.deadline + (standby === 'keep' ? 1 : 2) * (drain + grace) + 5000 + spent;
}
