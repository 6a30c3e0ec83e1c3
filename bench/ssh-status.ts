import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ManySshd, startManySshd } from '../lab/many-sshd.ts';
import { startNginx } from '../lab/nginx.ts';
import { built, writeConfig } from './commands.ts';
import { stateHome } from './contenders/cutover.ts';
import { endedChildrenTime, treeTime } from './process-time.ts';
import { sshClient, type SshClient } from './ssh-client.ts';
import { shuffled } from './stats.ts';
import { type Ran, timed } from './wall-time.ts';

/** One run: wall time, and CPU time of the command with its connections and of the servers, ms. */
export interface Look {
  readonly time: number;
  readonly client: number;
  readonly servers: number;
  /** Servers that answered before the command gave them up. */
  readonly answered: number;
}

export interface StatusFigures {
  readonly looks: Readonly<Record<LookName, readonly Look[]>>;
  /** With one server that does not answer, ms after the start: when the others were shown, and the end. */
  readonly hung: readonly Hung[];
}

export interface Hung {
  readonly shown: number;
  readonly ended: number;
}

export const lookNames = [
  'ssh, cold',
  'status, cold',
  'status --json, cold',
  'ssh, warm',
  'status, warm',
  'status --json, warm',
] as const;
export type LookName = (typeof lookNames)[number];

/**
 * `status` of many servers. Each is an sshd of its own on this machine; all of them look at the one
 * application that was set up here, which is as much work as if each had its own.
 */
export async function measureStatus(count: number, rounds: number): Promise<StatusFigures> {
  const home = stateHome();
  const nginx = await startNginx();
  const main = await built();
  const here = (...args: string[]): Promise<Ran> => timed([process.execPath, main, ...args], home);
  try {
    await writeConfig(nginx, home);
    cpSync(join(home, 'cutover.yaml'), join(home, 'many.yaml'));
    await here('setup');
    // Both slots are up, as they are from the second deploy on.
    for (let times = 0; times < 2; times += 1) await here('deploy');
    return await lookAtMany({ main, home, count, rounds });
  } finally {
    await here('down', '--yes').catch(() => undefined);
    await nginx.stop();
  }
}

interface Plan {
  readonly main: string;
  readonly home: string;
  readonly count: number;
  readonly rounds: number;
}

interface Many {
  readonly sshd: ManySshd;
  readonly client: SshClient;
  status(...more: string[]): readonly string[];
  cutover(...more: string[]): Promise<Ran>;
}

async function lookAtMany({ main, home, count, rounds }: Plan): Promise<StatusFigures> {
  const sshd = await startManySshd(count, { variables: { PATH: '/usr/local/bin:/usr/bin:/bin' } });
  const client = sshClient(sshd.env);
  appendFileSync(join(home, 'many.yaml'), `servers: [${sshd.names.join(', ')}]\n`);
  const status = (...more: string[]): readonly string[] => [
    process.execPath,
    main,
    'status',
    '-c',
    join(home, 'many.yaml'),
    ...more,
  ];
  const many = { sshd, client, status, cutover: (...more: string[]) => timed(status(...more), home, client.env) };
  const looks: StatusFigures['looks'] = Object.fromEntries(lookNames.map((name) => [name, []])) as never;
  const hung: Hung[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const name of shuffled(lookNames)) (looks[name] as Look[]).push(await lookOnce(many, name));
      hung.push(await withOneHung(many));
    }
    return { looks, hung };
  } finally {
    await client.remove();
    await sshd.stop();
  }
}

async function lookOnce({ sshd, client, cutover }: Many, name: LookName): Promise<Look> {
  const warm = name.endsWith('warm');
  await (warm ? cutover() : client.close());
  const holders = warm ? await client.holders() : [];
  const spent = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + treeTime(pid), 0);
  const before = { client: endedChildrenTime() + spent(holders), servers: spent(sshd.pids) };
  const ssh = name.startsWith('ssh');
  const { time, stdout } = await (ssh ? bare(sshd, client, warm) : cutover(...optionsIn(name)));
  return {
    time,
    answered: ssh ? sshd.names.length : answersIn(stdout),
    client: endedChildrenTime() + spent(holders) - before.client,
    servers: spent(sshd.pids) - before.servers,
  };
}

/** Of the table a row with the number of a release; of the document one with a status. */
function answersIn(stdout: string): number {
  return stdout.match(/^s\d+ +\d|"status":\{/gm)?.length ?? 0;
}

function optionsIn(name: LookName): readonly string[] {
  return name.includes('--json') ? ['--json'] : [];
}

/** Warm ones go through the connections that cutover left open. */
function bare({ names }: ManySshd, client: SshClient, warm: boolean): Promise<Ran> {
  const paths = warm ? client.open() : names.map(() => 'none');
  return client.atOnce(paths.map((path, at) => `ssh -o ControlPath=${path} ${warm ? 'it' : names[at]} true`));
}

/** The last server takes connections and says nothing, as one whose disk hangs; the others' connections are open. */
async function withOneHung({ sshd, client, status, cutover }: Many): Promise<Hung> {
  const [name = '', pid = 0] = [sshd.names.at(-1), sshd.pids.at(-1)];
  await client.close();
  await cutover('--skip', name);
  process.kill(pid, 'SIGSTOP');
  try {
    return await watched(status(), client, sshd.names.length - 1);
  } finally {
    process.kill(pid, 'SIGCONT');
    // What tried to connect does so now; it must not be taken for an open connection later.
    for (let tries = 0; tries < 300 && client.open().length < sshd.names.length; tries += 1) await sleep(10);
  }
}

async function watched([program = '', ...words]: readonly string[], { env }: SshClient, rows: number): Promise<Hung> {
  const start = performance.now();
  const child = spawn(program, words, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let [text, shown] = ['', Number.NaN];
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    if (Number.isNaN(shown) && (text.match(/^s\d+ /gm)?.length ?? 0) >= rows) shown = performance.now() - start;
  });
  await once(child, 'exit');
  return { shown, ended: performance.now() - start };
}
