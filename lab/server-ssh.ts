import type { Machine } from './machine.ts';
import { succeed } from './machine-copy.ts';

const KEY = '/etc/ssh/ssh_host_ed25519_key';

/** All machines have the keys of their image; this gives one a key of its own, and forgets the one before. */
export async function renewHostKey({ name, exec }: Machine): Promise<void> {
  await succeed(exec, ['find', '/etc/ssh', '-name', 'ssh_host_*', '-delete']);
  await succeed(exec, ['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', `root@${name}`, '-f', KEY]);
  // Otherwise systemd refuses the sixth start within ten seconds.
  await exec(['systemctl', 'reset-failed', 'ssh']);
  await succeed(exec, ['systemctl', 'restart', 'ssh']);
}

/** Asked of the machine itself, not of whoever answers at its address. */
export async function readHostKey({ exec }: Machine): Promise<string> {
  return (await succeed(exec, ['cat', `${KEY}.pub`])).split(' ', 2).join(' ');
}

/** @param key file of the host with the public key */
export async function authorize(machine: Machine, key: string): Promise<void> {
  for (const [user, home] of Object.entries({ deploy: '/home/deploy', root: '/root' }))
    await machine.copyIn(key, `${home}/.ssh/authorized_keys`, { user });
}

export async function allowSudo({ exec }: Machine): Promise<void> {
  const file = '/etc/sudoers.d/deploy';
  await succeed(exec, ['tee', file], { input: 'deploy ALL=(ALL:ALL) NOPASSWD: ALL\n' });
  await succeed(exec, ['chmod', '440', file]);
}
