import path from 'node:path';
import { humanDuration } from '../lib/duration.ts';
import { Failure } from './failure.ts';
import { filledCommand } from './placeholders.ts';
import type { HookName } from './plan.ts';
import type { Slot } from './slot.ts';
import { commandFolder, valuesOf, variablesOf } from './user-command.ts';
import type { World } from './world.ts';

/** A hook must not go on by itself when cutover is killed: the recovery would run beside it. */
export const endsWithUs = ['setpriv', '--pdeathsig', 'KILL', '--'];

/** As it stands in cutover.yaml. */
function written(name: HookName): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Runs a configured command; its output goes to the log of the release it is about. */
export async function runHook(
  world: World,
  name: HookName,
  slot: Slot,
  release: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { config, host } = world;
  const hook = config.hooks[name];
  if (!hook) return undefined;
  const about = { slot, release };
  const argv = [...endsWithUs, ...filledCommand(hook, await valuesOf(world, about, hook.argv))];
  const { code, stdout, stderr, timedOut } = await host.run(argv, {
    deadline: hook.deadline,
    signal,
    cwd: commandFolder(world),
    env: { ...variablesOf(world, about), CUTOVER_HOOK: name },
  });
  const log = path.join(config.state, 'logs', `${release ?? 'hooks'}.log`);
  const words = `${stdout}${stderr}`.trimEnd();
  if (words) await host.write(log, `${words.replaceAll(/^/gm, `[${name}] `)}\n`, { append: true, mode: 0o600 });
  signal.throwIfAborted();
  if (code === 0) return `${name} done`;
  throw new Failure({
    code: 'HOOK_FAILED',
    what: `the hook ${written(name)} failed`,
    why: `${timedOut ? `not done after ${humanDuration(hook.deadline)}` : `exit code ${code}`}\n${words.split('\n').slice(-8).join('\n')}`.trim(),
    fix: `mend it; its output is in \`cutover logs ${release ?? ''}\``,
  });
}
