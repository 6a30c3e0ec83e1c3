import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { ensureProgram } from './apt.ts';

export interface SshHost {
  /** What the client calls it. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Its public host key: type and key. */
  readonly hostKey: string;
}

/** What a process needs in its environment so that its `ssh` uses a client's folder. */
export interface SshEnv extends Readonly<Record<string, string>> {
  readonly HOME: string;
  /** Begins with the folder of a script `ssh`. */
  readonly PATH: string;
}

/** A private folder with a key, the keys of the hosts and a configuration that knows them by name. */
export interface SshClient {
  readonly folder: string;
  /** The public half is beside it, with `.pub`. */
  readonly identity: string;
  readonly env: SshEnv;
  /** From now on these hosts, with these keys, and no others. */
  know(hosts: readonly SshHost[]): void;
  remove(): void;
}

/** @param user who logs in unless the command line says otherwise */
export async function makeSshClient(user: string): Promise<SshClient> {
  const program = await ensureProgram('ssh', 'openssh-client');
  const folder = mkdtempSync(join(tmpdir(), 'cutover-ssh-'));
  const identity = join(folder, 'id_ed25519');
  await makeKey(identity);
  const env = makeSshHome(folder, program, '');
  const known = join(folder, '.ssh', 'known_hosts');
  const common = `User ${user}
IdentityFile ${identity}
IdentitiesOnly yes
UserKnownHostsFile ${known}
StrictHostKeyChecking yes
BatchMode yes
`;
  return {
    folder,
    identity,
    env,
    know(hosts) {
      writeFileSync(known, hosts.map(knownLine).join(''));
      writeFileSync(join(folder, '.ssh', 'config'), hosts.map((host) => block(host, common)).join('\n'));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Makes a pair of files and gives the public key: type and key. */
export async function makeKey(file: string): Promise<string> {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  return readFileSync(`${file}.pub`, 'utf8').split(' ', 2).join(' ');
}

/** ssh looks for its configuration where the list of users says, not in HOME: a script in PATH names it. */
export function makeSshHome(folder: string, program: string, configuration: string): SshEnv {
  const [config, bin] = [join(folder, '.ssh', 'config'), join(folder, 'bin')];
  mkdirSync(join(folder, '.ssh'), { mode: 0o700 });
  mkdirSync(bin);
  writeFileSync(config, configuration);
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec ${program} -F "${config}" "$@"\n`, { mode: 0o755 });
  return { HOME: folder, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` };
}

const run = promisify(execFile);

function knownLine({ address, port, hostKey }: SshHost): string {
  return `${port === 22 ? address : `[${address}]:${port}`} ${hostKey}\n`;
}

function block({ name, address, port }: SshHost, common: string): string {
  return `Host ${name}\nHostName ${address}\nPort ${port}\n${common}`;
}
