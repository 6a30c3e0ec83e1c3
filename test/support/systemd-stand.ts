import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootMachine, type ExecOptions, type Finished, type Machine, type Running } from '../../lab/machine.ts';
import { root } from '../../lab/paths.ts';
import { request } from '../../src/drivers/host/request.ts';
import type { Slot } from '../../src/core/slot.ts';
import type { Status } from '../../src/core/status.ts';

export interface ServerOptions {
  name: string;
  /** Who deploys; root sets up in any case. Default root. */
  user?: string;
  java?: boolean;
  /** A file or folder of the host. Default the Node sample. */
  artifact?: string;
  /** Lines of cutover.yaml beside app, artifact and domain. */
  config?: string;
}

/** A server with real systemd and its own nginx, on which the built command is installed. */
export interface Server {
  readonly machine: Machine;
  readonly url: string;
  readonly host: string;
  readonly state: string;
  /** Folder of cutover.yaml. */
  readonly folder: string;
  /** Runs the command to its end, by default as the one who deploys. */
  cutover(words: readonly string[], options?: ExecOptions): Promise<Finished>;
  /** The same, which must end well. */
  done(...words: string[]): Promise<Finished>;
  start(...words: string[]): Promise<Running>;
  status(): Promise<Status>;
  configure(config: string): Promise<void>;
  /** Standard output of a command of root. */
  say(...argv: string[]): Promise<string>;
  /** Release, slot and pid of whoever answers the public. */
  ask(): Promise<Answer>;
  journal(): Promise<readonly Record<string, unknown>[]>;
}

export interface Answer {
  status: number;
  release: string;
  slot: string;
  pid: number;
}

const host = 'shop.example.com';
const folder = '/srv/shop';
const state = '/var/lib/cutover/shop';

export async function startServer(options: ServerOptions): Promise<Server> {
  const { name, user = 'root', java = false, artifact = path.join(root, 'examples', 'node') } = options;
  const machine = await bootMachine({ name, java });
  const at = artifact.endsWith('.jar') ? path.join(folder, 'shop.jar') : path.join(folder, 'app');
  const server = serverOn(machine, user, at);
  // A copy: somebody may build while this runs.
  await machine.copyIn(path.join(root, 'dist'), '/opt/cutover/dist');
  await machine.copyIn(path.join(root, 'package.json'), '/opt/cutover/package.json');
  await server.say('ln', '-s', '/opt/cutover/dist/main.js', '/usr/local/bin/cutover');
  await machine.copyIn(artifact, at);
  await server.configure(options.config ?? '');
  return server;
}

function serverOn(machine: Machine, user: string, artifact: string): Server {
  const server: Server = {
    machine,
    host,
    state,
    folder,
    url: `http://${machine.address}`,
    cutover: (words, options) =>
      machine.exec(['cutover', ...words], { user, cwd: folder, deadline: 180_000, ...options }),
    done: async (...words) => succeeded(await server.cutover(words), words),
    start: (...words) => machine.start(['cutover', ...words], { user, cwd: folder, deadline: 180_000 }),
    status: async () => JSON.parse((await server.done('status', '--json')).stdout) as Status,
    say: async (...argv) => (await machine.exec(argv)).stdout.trim(),
    ask: () => askOf(server.url),
    configure: async (config) => {
      await machine.exec(['mkdir', '-p', folder]);
      await machine.exec(['tee', path.join(folder, 'cutover.yaml')], { input: yaml(artifact, config) });
    },
    journal: async () => (await server.say('cat', path.join(state, 'journal.jsonl'))).split('\n').flatMap(parsed),
  };
  return server;
}

function yaml(artifact: string, config: string): string {
  const run = artifact.endsWith('.jar') || /^run:/m.test(config) ? '' : 'run: node server.js\n';
  return `app: shop\nartifact: ${artifact}\ndomain: ${host}\n${run}${config}\n`;
}

function succeeded(finished: Finished, words: readonly string[]): Finished {
  if (finished.code === 0) return finished;
  throw new Error(`cutover ${words.join(' ')}: exit code ${finished.code}\n${finished.stderr}${finished.stdout}`);
}

async function askOf(url: string): Promise<Answer> {
  const { status, body } = await request({ url: `${url}/version`, headers: { host }, timeout: 10_000 });
  const { release = '', slot = '', pid = 0 } = status === 200 ? (JSON.parse(body) as Partial<Answer>) : {};
  return { status, release, slot, pid };
}

/** A line that a power failure tore is no entry. */
function parsed(line: string): readonly Record<string, unknown>[] {
  try {
    return line ? [JSON.parse(line) as Record<string, unknown>] : [];
  } catch {
    return [];
  }
}

export function unitOf(slot: Slot): string {
  return `cutover-shop-${slot}.service`;
}

/** Asks again every few milliseconds; only a bug takes as long as the deadline. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(10)) {
    const seen = await look().catch(() => undefined);
    if (seen !== undefined && seen !== false) return seen;
  }
  throw new Error(`it never happened: ${what}`);
}
