import { stat } from 'node:fs/promises';
import type { Deployer } from '../core/setup-action.ts';
import type { Host } from '../ports.ts';

/** To whom a state directory belongs; undefined when there is none, or when its user is gone. */
export async function ownerOf(host: Host, state: string): Promise<Deployer | undefined> {
  const seen = await stat(state).catch(() => undefined);
  return seen && accountOf(host, String(seen.uid));
}

/** A user by name or number. */
export async function accountOf(host: Host, user: string): Promise<Deployer | undefined> {
  const { stdout } = await host.run(['getent', 'passwd', '--', user]);
  const [name, , uid, gid, , home = ''] = stdout.trim().split(':');
  return name ? { name, uid: Number(uid), gid: Number(gid), home } : undefined;
}

/**
 * root (`sudo cutover …`) becomes the owner of the app: what root wrote into the state would stand in
 * the owner's way, and the units are those of the owner's own service manager.
 */
export async function actAsOwner(host: Host, state: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const seen = await stat(state).catch(() => undefined);
  const owner = seen && seen.uid !== 0 ? await accountOf(host, String(seen.uid)) : undefined;
  if (!owner) return;
  const { stdout } = await host.run(['id', '-G', '--', owner.name]);
  process.setgroups?.(stdout.trim().split(' ').map(Number));
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
  process.env['HOME'] = owner.home;
}
