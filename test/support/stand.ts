import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { slots } from '../../src/core/slot.ts';
import type { Status } from '../../src/core/status.ts';
import { remember, startTime } from '../../lab/cleanup.ts';
import { freePorts } from '../../lab/free-port.ts';
import { startNginx, type Nginx } from '../../lab/nginx.ts';
import { root } from '../../lab/paths.ts';

export interface StandOptions {
  nginx?: 'debian' | 'current';
  /** Lines of cutover.yaml beside those that the stand itself needs; `router:` lines are merged in. */
  config?: string;
  router?: string;
  /** All lines under `router:`, where nginx is not the stand's own. */
  routed?: (stand: Stand) => string;
  artifact?: string;
  /** Default `process`. */
  runtime?: 'process' | 'docker';
  /** Run something between nginx's start and `cutover setup`. */
  beforeSetup?: (stand: Stand) => void | Promise<void>;
  /** Default true. */
  setup?: boolean;
}

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** One server in miniature: a real nginx of its own, a state directory, a cutover.yaml, and the built command. */
export interface Stand {
  readonly dir: string;
  readonly state: string;
  readonly config: string;
  readonly nginx: Nginx;
  readonly url: string;
  readonly host: string;
  readonly ports: { blue: number; green: number };
  cutover(...words: string[]): Promise<Finished>;
  /** Started and not waited for: for signals and `kill -9`. */
  start(...words: string[]): ChildProcess;
  status(): Promise<Status>;
  /** Writes cutover.yaml anew with other lines. */
  configure(config: string, artifact?: string): void;
  /** Writes cutover.yaml anew with these lines under `router:` instead of `listen` and `sites`. */
  reroute(router: string): void;
  journal(): readonly Record<string, unknown>[];
  stop(): Promise<void>;
}

export const main = path.join(root, 'dist', 'main.js');
export const nodeSample = path.join(root, 'examples', 'node');
const host = 'shop.example.com';

export async function createStand(options: StandOptions = {}): Promise<Stand> {
  const dir = mkdtempSync(path.join(tmpdir(), 'cutover-stand-'));
  mkdirSync(path.join(dir, 'work'));
  chmodSync(dir, 0o755);
  const nginx = await startNginx({ binary: options.nginx ?? 'debian' });
  const [blue = 0, green = 0] = await freePorts(2);
  const config = path.join(dir, 'work', 'cutover.yaml');
  const stand: Stand = {
    dir,
    config,
    nginx,
    host,
    state: path.join(dir, 'state'),
    url: `http://127.0.0.1:${nginx.port}`,
    ports: { blue, green },
    async cutover(...words) {
      const result = await finished(stand.start(...words));
      rememberWhatRuns(stand);
      return result;
    },
    start: (...words) => spawn(process.execPath, [main, ...withConfig(words, config)], { cwd: dir, stdio: 'pipe' }),
    status: async () => JSON.parse((await stand.cutover('status', '--json')).stdout) as Status,
    configure: (more, artifact) => writeFileSync(config, text(stand, options, more, artifact)),
    reroute: (router) => writeFileSync(config, text(stand, { ...options, adopted: router }, options.config ?? '')),
    journal: () => lines(path.join(stand.state, 'journal.jsonl')),
    stop: () => stop(stand),
  };
  stand.configure(options.config ?? '', options.artifact);
  await options.beforeSetup?.(stand);
  if (options.setup ?? true) mustBeDone(await stand.cutover('setup'));
  return stand;
}

function withConfig(words: readonly string[], config: string): readonly string[] {
  const [command = '', ...rest] = words;
  return [command, '--config', config, ...rest];
}

function text(stand: Stand, options: StandOptions & { adopted?: string }, more: string, artifact?: string): string {
  const { state, ports } = stand;
  const { runtime = 'process' } = options;
  const own =
    runtime === 'docker' || /^run:/m.test(more) || (artifact ?? options.artifact)?.endsWith('.jar')
      ? ''
      : 'run: node server.js\n';
  return `app: shop
artifact: ${artifact ?? options.artifact ?? nodeSample}
domain: ${host}
state: ${state}
runtime: ${runtime}
${/addresses:/.test(more) ? '' : `slots: { blue: ${ports.blue}, green: ${ports.green} }\n`}${own}router:
${options.routed?.(stand) ?? ownRouter(stand, options)}
${options.router ?? ''}
${more}
`;
}

function ownRouter({ nginx }: Stand, { adopted }: { adopted?: string }): string {
  return `  binary: ${nginx.binary}
  conf: ${nginx.conf}
  prefix: ${nginx.dir}
  pid: ${nginx.pid}
${adopted ? `  front_door: http://127.0.0.1:${nginx.port}\n  ${adopted}` : `  sites: ${nginx.confDir}\n  listen: 127.0.0.1:${nginx.port}`}`;
}

export function finished(child: ChildProcess): Promise<Finished> {
  return new Promise((resolve) => {
    const output = { stdout: '', stderr: '' };
    child.stdout?.on('data', (part: Buffer) => (output.stdout += part.toString()));
    child.stderr?.on('data', (part: Buffer) => (output.stderr += part.toString()));
    child.on('close', (code, signal) =>
      resolve({ code: code ?? 128 + (signal ? constants.signals[signal] : 0), ...output }),
    );
  });
}

export function mustBeDone({ code, stdout, stderr }: Finished): void {
  if (code !== 0) throw new Error(`exit code ${code}\n${stderr}${stdout}`);
}

function lines(file: string): readonly Record<string, unknown>[] {
  const all = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return all.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Should the tests be killed, the next run ends what these supervisors keep running. */
function rememberWhatRuns({ state }: Stand): void {
  for (const slot of slots) {
    const file = path.join(state, 'slots', slot, 'supervisor');
    const pid = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : 0;
    if (pid > 0 && startTime(pid) !== undefined) remember(pid);
  }
}

/** A stand that failed in the middle is stopped all the same: `down` first recovers. */
async function stop(stand: Stand): Promise<void> {
  const down = await stand.cutover('down', '--yes');
  await stand.nginx.stop();
  // What was just stopped may write for a moment yet.
  rmSync(stand.dir, { recursive: true, force: true, maxRetries: 5 });
  rmSync(stand.nginx.dir, { recursive: true, force: true });
  if (down.code !== 0 && down.code !== 3) throw new Error(`down: exit code ${down.code}\n${down.stderr}`);
}
