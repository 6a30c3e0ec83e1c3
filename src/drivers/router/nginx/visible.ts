import path from 'node:path';
import type { Config } from '../../../config/config.ts';
import { exitCodes, Failure } from '../../../core/failure.ts';
import type { Host } from '../../../ports.ts';
import { nginxControl } from './control.ts';
import { nginxPlace } from './place.ts';

interface Identity {
  uid: number;
  groups: readonly number[];
}

/**
 * Workers run as another user and must get through every folder above the marker. Where they do
 * not, they take it for absent and never leave blue.
 */
export async function mustBeVisible(host: Host, config: Config): Promise<void> {
  const place = nginxPlace(host, config);
  const [worker] = await nginxControl(host, config).workers();
  const who = worker === undefined ? undefined : identityIn(await place.read(`/proc/${worker}/status`));
  if (!who || who.uid === 0) return;
  const folders = ancestors(await place.inside(path.join(config.state, 'traffic')));
  const { stdout } = await place.run(['stat', '-L', '-c', '%a %u %g', '--', ...folders]);
  const modes = stdout.trim().split('\n');
  const closed = folders.filter((_, index) => !mayPass(who, modes[index] ?? ''));
  if (closed.length > 0) throw invisible(closed, who.uid);
}

function identityIn(status: string | undefined): Identity | undefined {
  const numbers = (name: string) =>
    new RegExp(`^${name}:\\s*(.*)$`, 'm')
      .exec(status ?? '')?.[1]
      ?.trim()
      .split(/\s+/)
      .map(Number);
  const uid = numbers('Uid')?.[1];
  return uid === undefined ? undefined : { uid, groups: [numbers('Gid')?.[1] ?? -1, ...(numbers('Groups') ?? [])] };
}

/** The search permission of the one class that applies: owner, group or others. */
function mayPass({ uid, groups }: Identity, line: string): boolean {
  const [mode = '', owner, group] = line.split(' ');
  const bits = Number.parseInt(mode, 8);
  if (Number(owner) === uid) return (bits & 0o100) !== 0;
  if (groups.includes(Number(group))) return (bits & 0o010) !== 0;
  return (bits & 0o001) !== 0;
}

function ancestors(folder: string): readonly string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [...ancestors(parent), folder];
}

function invisible(closed: readonly string[], uid: number): Failure {
  return new Failure({
    code: 'MARKER_INVISIBLE',
    exit: exitCodes.configuration,
    what: "nginx's workers cannot see the switch",
    why: `user id ${uid} may not enter ${closed.join(', ')}`,
    fix: `chmod o+x ${closed.join(' ')}, or put \`state\` where they may go`,
  });
}
