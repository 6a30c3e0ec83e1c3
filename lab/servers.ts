import { allEnded } from './all-ended.ts';
import { bootMachine, type Machine, type Running } from './machine.ts';
import { succeed } from './machine-copy.ts';
import { start } from './machine-run.ts';
import { networkOf, type ServerNetwork } from './server-network.ts';
import { allowSudo, authorize, readHostKey, renewHostKey } from './server-ssh.ts';
import { makeSshClient, type SshClient, type SshEnv, type SshHost } from './ssh-client.ts';

export interface ServersOptions {
  /** Lets `deploy` do everything as root without a password. Default true. */
  sudo?: boolean;
}

/** Several test machines with systemd, nginx and sshd, nothing of cutover on them, and a client that may log in. */
export interface Servers {
  /** In the order of their names as given. */
  readonly all: readonly Server[];
  /** HOME and PATH of a process whose `ssh NAME` logs in as `deploy`. */
  readonly env: SshEnv;
  /** The client's private folder, removed at the end. */
  readonly folder: string;
  get(name: string): Server;
  /** Starts `ssh WORDS…` with that environment. */
  ssh(...words: string[]): Running;
  /** Gives back all that was taken of the host. Safe to repeat. */
  stop(): Promise<void>;
}

export interface Server extends ServerNetwork {
  readonly name: string;
  readonly machine: Machine;
  readonly address: string;
  /** Of its nginx. */
  readonly url: string;
  /** Another host key, which the client does not know: it refuses to log in. */
  changeHostKey(): Promise<void>;
  /** The client learns the host key that the server has now. */
  trustHostKey(): Promise<void>;
  /** Makes a folder a disk of so many bytes, empty, with the owner and mode of the folder. It is gone after a reboot, or with the function returned. */
  smallDisk(path: string, bytes: number): Promise<() => Promise<void>>;
}

/** With two cores more at once are hardly sooner ready. */
const AT_ONCE = 2;

/** Boots a machine of each name. Needs root; installs and builds on first use. */
export async function startServers(names: readonly string[], { sudo = true }: ServersOptions = {}): Promise<Servers> {
  const client = await makeSshClient('deploy');
  const hosts = new Map<string, SshHost>();
  const all: Server[] = [];
  const boot = async (name: string): Promise<void> => {
    const machine = await bootMachine({ name });
    const server = serverOn(machine, client, hosts);
    all.push(server);
    await authorize(machine, `${client.identity}.pub`);
    if (sudo) await allowSudo(machine);
    await server.changeHostKey();
    await server.trustHostKey();
  };
  const servers = operate(names, all, client);
  try {
    for (let at = 0; at < names.length; at += AT_ONCE) await allEnded(names.slice(at, at + AT_ONCE).map(boot));
    all.sort((one, other) => names.indexOf(one.name) - names.indexOf(other.name));
    return servers;
  } catch (error) {
    await servers.stop();
    throw error;
  }
}

function serverOn(machine: Machine, client: SshClient, hosts: Map<string, SshHost>): Server {
  const { name, address, exec } = machine;
  return {
    ...networkOf(machine),
    name,
    machine,
    address,
    url: `http://${address}`,
    changeHostKey: async () => renewHostKey(machine),
    trustHostKey: async () => {
      hosts.set(name, { name, address, port: 22, hostKey: await readHostKey(machine) });
      client.know([...hosts.values()]);
    },
    smallDisk: async (path, bytes) => {
      await succeed(exec, ['mkdir', '-p', path]);
      const owner = (await succeed(exec, ['stat', '-c', 'uid=%u,gid=%g,mode=%a', path])).trim();
      await succeed(exec, ['mount', '-t', 'tmpfs', '-o', `size=${bytes},${owner}`, 'lab', path]);
      return async () => void (await succeed(exec, ['umount', '--lazy', path]));
    },
  };
}

function operate(names: readonly string[], all: Server[], client: SshClient): Servers {
  const { env, folder } = client;
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  let ended: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    try {
      await allEnded(all.map(async ({ machine }) => machine.stop()));
    } finally {
      client.remove();
    }
  };
  return {
    all,
    env,
    folder,
    get(name) {
      const found = all.find((server) => server.name === name);
      if (found === undefined) throw new Error(`there is no server ${name}, only ${names.join(', ')}`);
      return found;
    },
    ssh: (...words) => start(['env', ...variables, 'ssh', ...words]),
    stop: async () => (ended ??= stop()),
  };
}
