import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { remember, startTime } from '../../lab/cleanup.ts';
import { root } from '../../lab/paths.ts';
import { startHost, wire, type NetHost } from '../../lab/hosts.ts';
import { slots } from '../../src/core/slot.ts';
import type { Status } from '../../src/core/status.ts';
import { finished, main, mustBeDone, nodeSample, type Finished } from './stand.ts';

/** One server with a firewall of its own, a wire to it, and the built command. The test itself is the client. */
export interface L4Stand {
  readonly dir: string;
  readonly config: string;
  readonly state: string;
  readonly rules: string;
  readonly server: NetHost;
  readonly door: { host: string; port: number };
  cutover(...words: string[]): Promise<Finished>;
  start(...words: string[]): ChildProcess;
  /** Another program of ours, on the server. */
  spawn(...argv: string[]): ChildProcess;
  status(): Promise<Status>;
  /** Writes cutover.yaml anew. */
  configure(lines: string, router?: string): void;
  journal(): readonly Record<string, unknown>[];
  stop(): Promise<void>;
}

export interface L4Options {
  /** Lines of cutover.yaml beside those that the stand needs. */
  config?: string;
  /** Keys of `router` beside `mode` and `rules`. Default: `listen: 80`, every address of the server. */
  router?: string;
  artifact?: string;
  door?: { host: string; port: number };
  /** After the wires are there, before `cutover setup`. */
  prepare?: (server: NetHost) => Promise<void>;
  /** Default true. */
  setup?: boolean;
}

export const address4 = '10.9.1.1';
export const address6 = 'fd09:1::1';
let made = 0;

export async function createL4Stand(options: L4Options = {}): Promise<L4Stand> {
  const dir = mkdtempSync(path.join(tmpdir(), 'cutover-l4-'));
  const server = await startHost();
  const name = `c${process.pid % 10_000}-${(made += 1)}`;
  await wire(
    { host: undefined, name, addresses: ['10.9.1.2/24', 'fd09:1::2/64'] },
    { host: server, name: 'public', addresses: [`${address4}/24`, `${address6}/64`] },
  );
  const config = path.join(dir, 'cutover.yaml');
  const stand: L4Stand = {
    dir,
    config,
    server,
    state: path.join(dir, 'state'),
    rules: path.join(dir, 'rules'),
    door: options.door ?? { host: address4, port: 80 },
    async cutover(...words) {
      const result = await finished(stand.start(...words));
      rememberWhatRuns(stand.state);
      return result;
    },
    start(...words) {
      const [command = '', ...rest] = words;
      return stand.spawn(process.execPath, main, command, '--config', config, ...rest);
    },
    spawn(...argv) {
      const [program, ...words] = server.enter(argv);
      return spawn(program, words, { cwd: root, stdio: 'pipe' });
    },
    status: async () => JSON.parse((await stand.cutover('status', '--json')).stdout) as Status,
    configure: (lines, router) =>
      writeFileSync(config, text(stand, router === undefined ? options : { ...options, router }, lines)),
    journal: () => journal(stand.state),
    stop: () => stop(stand),
  };
  mkdirSync(path.join(dir, 'work'));
  stand.configure(options.config ?? '');
  await options.prepare?.(server);
  if (options.setup ?? true) mustBeDone(await stand.cutover('setup'));
  return stand;
}

function text({ state, rules }: L4Stand, { router = 'listen: 80', artifact }: L4Options, lines: string): string {
  const own = /^run:/m.test(lines) ? '' : 'run: node server.js\n';
  const health = /^health:/m.test(lines) ? '' : 'health: { path: /health, deadline: 20s }\n';
  return `app: shop
artifact: ${artifact ?? nodeSample}
state: ${state}
${router.includes('pools') ? '' : 'runtime: process\n'}${/^env:/m.test(lines) || router.includes('pools') ? '' : 'env: { HOST: "::" }\n'}${own}${health}router:
  mode: l4
  rules: ${rules}
  ${router.replaceAll('\n', '\n  ')}
${lines}
`;
}

function journal(state: string): readonly Record<string, unknown>[] {
  const lines = readFileSync(path.join(state, 'journal.jsonl'), 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function rememberWhatRuns(state: string): void {
  for (const slot of slots) {
    const file = path.join(state, 'slots', slot, 'supervisor');
    const pid = Number.parseInt(readSafely(file), 10);
    if (pid > 0 && startTime(pid) !== undefined) remember(pid);
  }
}

function readSafely(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '0';
  }
}

async function stop(stand: L4Stand): Promise<void> {
  const down = await stand.cutover('down', '--yes');
  await stand.server.stop();
  rmSync(stand.dir, { recursive: true, force: true });
  if (down.code !== 0 && down.code !== 3) throw new Error(`down: exit code ${down.code}\n${down.stderr}`);
}
