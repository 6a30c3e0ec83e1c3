import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { allEnded } from './all-ended.ts';
import { ensureProgram } from './apt.ts';
import type { Started } from './cleanup.ts';
import { freePort } from './free-port.ts';
import { makeSshClient, type SshEnv, type SshHost } from './ssh-client.ts';
import { cutSshd, launchSshd, prepareSshd } from './sshd-process.ts';

export interface ManySshdOptions {
  /** What a session finds in its environment beside an empty HOME. */
  variables?: Readonly<Record<string, string>>;
}

/** Real sshd processes, each with an address and a host key of its own, that all let the user of this process into this machine. */
export interface ManySshd {
  /** `s1`, `s2` and so on: what `ssh` is told. */
  readonly names: readonly string[];
  /** Of their processes, in the order of the names; what their sessions run is below them. */
  readonly pids: readonly number[];
  /** HOME and PATH of a process whose `ssh` knows these names. */
  readonly env: SshEnv;
  /** Ends them, their sessions too. Safe to repeat. */
  stop(): Promise<void>;
}

/** What many servers cost a client, without the weight of machines. */
export async function startManySshd(count: number, { variables = {} }: ManySshdOptions = {}): Promise<ManySshd> {
  const program = await ensureProgram('sshd', 'openssh-server');
  const client = await makeSshClient(userInfo().username);
  const port = await freePort();
  // The user's own start-up files would run in every session.
  const session = { HOME: join(client.folder, 'home'), ...variables };
  mkdirSync(join(client.folder, 'home'));
  const started: Started[] = [];
  const pids: number[] = [];
  const launch = async (name: string, at: number): Promise<SshHost> => {
    const place = { dir: join(client.folder, name), address: addressOf(at), port };
    mkdirSync(place.dir);
    const hostKey = await prepareSshd(place, `${client.identity}.pub`, session, LIMITS);
    const one = await launchSshd(program, place);
    started.push(one);
    pids[at] = one.pid;
    return { name, hostKey, ...place };
  };
  const stop = async (): Promise<void> => {
    await allEnded(started.splice(0).map(cutSshd));
    client.remove();
  };
  const names = Array.from({ length: count }, (_, at) => `s${at + 1}`);
  try {
    client.know(await allEnded(names.map(launch)));
    return { names, pids, env: client.env, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const LIMITS = `MaxStartups 200
AllowTcpForwarding yes
`;

function addressOf(at: number): string {
  return `127.0.${1 + Math.floor(at / 250)}.${1 + (at % 250)}`;
}
