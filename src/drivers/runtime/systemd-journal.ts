import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { slots, type Slot } from '../../core/slot.ts';
import type { Launch } from '../../ports.ts';
import { unitName, type Manager } from './unit.ts';

/** The command, with its output under the release's own name in the journal. `systemd-cat` becomes the command. */
export function labelled(app: string, { argv, release }: Launch): readonly string[] {
  return ['systemd-cat', '-t', labelOf(app, release.id), '--', ...argv];
}

/** What hooks said lies in a file of the release; what the application said is in the journal. */
const script = 'if [ -f "$1" ]; then tail -n "$2" "$1"; fi; shift 2; exec "$@"';

/** Argument list that prints a release's output; that of the slot's unit when no release is in it. */
export function journalOf(
  { app, state }: Config,
  manager: Manager,
  of: { release: string | undefined; slot: Slot | undefined },
  { lines, follow }: { lines: number; follow: boolean },
): readonly string[] {
  const user = manager.of === 'user';
  const units = (of.slot ? [of.slot] : slots).flatMap((slot) => [user ? '--user-unit' : '-u', unitName(app, slot)]);
  const journal = [
    'journalctl',
    ...(user ? ['--user'] : []),
    '-q',
    '--no-pager',
    '-o',
    'cat',
    '-n',
    String(lines),
    ...(follow ? ['-f'] : []),
    ...(of.release === undefined ? units : ['-t', labelOf(app, of.release)]),
  ];
  if (of.release === undefined) return journal;
  return ['sh', '-c', script, 'logs', path.join(state, 'logs', `${of.release}.log`), String(lines), ...journal];
}

function labelOf(app: string, release: string): string {
  return `${app}.${release}`;
}
