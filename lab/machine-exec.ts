import { must, start, type RunOptions, type Running } from './machine-run.ts';

export interface ExecOptions extends RunOptions {
  /** Default root. Another gets the environment of a login: HOME, XDG_RUNTIME_DIR and the bus of `systemctl --user`. */
  user?: string;
  env?: Readonly<Record<string, string>>;
  /** Folder in the machine, default the user's home. */
  cwd?: string;
}

interface Account {
  uid: string;
  gid: string;
  home: string;
  shell: string;
}

/** Starts an argument list inside the machine whose PID 1 is `leader`. */
export async function startInside(
  leader: number,
  argv: readonly string[],
  options: ExecOptions = {},
): Promise<Running> {
  const { user = 'root', env = {}, cwd, ...rest } = options;
  const account = await findAccount(leader, user);
  const identity =
    user === 'root' ? [] : ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--init-groups', '--'];
  const variables = Object.entries({ ...loginEnvironment(user, account), ...env }).map(
    ([key, value]) => `${key}=${value}`,
  );
  return start(
    [
      ...enter(leader),
      ...identity,
      'env',
      '--ignore-environment',
      `--chdir=${cwd ?? account.home}`,
      ...variables,
      ...argv,
    ],
    rest,
  );
}

/** All namespaces of PID 1 but the user's. Not `ip netns exec`, which mounts a /sys of its own without cgroups. */
function enter(leader: number): string[] {
  return ['nsenter', `--target=${String(leader)}`, '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--'];
}

async function findAccount(leader: number, user: string): Promise<Account> {
  if (user === 'root') return { uid: '0', gid: '0', home: '/root', shell: '/bin/bash' };
  const line = await must([...enter(leader), 'getent', 'passwd', user]);
  const [, , uid = '', gid = '', , home = '/', shell = '/bin/sh'] = line.trim().split(':');
  return { uid, gid, home, shell };
}

function loginEnvironment(user: string, { uid, home, shell }: Account): Record<string, string> {
  const system =
    user === 'root' ? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' : '/usr/local/bin:/usr/bin:/bin';
  const runtime = `/run/user/${uid}`;
  const session = {
    XDG_RUNTIME_DIR: runtime,
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${runtime}/bus`,
  };
  return {
    PATH: system,
    HOME: home,
    USER: user,
    LOGNAME: user,
    SHELL: shell,
    LANG: 'C.UTF-8',
    ...(user === 'root' ? {} : session),
  };
}
