import { exitCodes, Failure } from '../core/failure.ts';
import type { Deployer } from '../core/setup-action.ts';
import type { Host } from '../ports.ts';

/** To whom a state directory belongs; undefined when there is none, or when its user is gone. */
export async function ownerOf(host: Host, state: string): Promise<Deployer | undefined> {
  const seen = await host.read(state, { look: true }).catch(() => undefined);
  const [uid] = seen?.split(' ') ?? [];
  return uid === undefined ? undefined : accountOf(host, uid);
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
export async function actAsOwner(host: Host, uid: number): Promise<void> {
  if (host.me.uid !== 0 || uid === 0) return;
  const owner = await accountOf(host, String(uid));
  if (!owner) return;
  if (host.me.remote) throw logInAs(host, owner);
  const { stdout } = await host.run(['id', '-G', '--', owner.name]);
  process.setgroups?.(stdout.trim().split(' ').map(Number));
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
  process.env['HOME'] = owner.home;
}

function logInAs({ me }: Host, owner: Deployer): Failure {
  return new Failure({
    code: 'NOT_YOURS',
    exit: exitCodes.configuration,
    what: `the state of this app on ${me.host} belongs to ${owner.name}`,
    why: `the login there is ${me.user}; what root wrote would stand in the way of ${owner.name}`,
    fix: `log in as ${owner.name}: \`server: ${owner.name}@…\` in cutover.yaml`,
  });
}
