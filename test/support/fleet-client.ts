import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run, start, type Finished, type Running } from '../../lab/machine-run.ts';
import type { FleetStatus } from '../../src/core/fleet-status.ts';
import { main, nodeSample } from './stand.ts';

/** Somebody's own machine: a folder with cutover.yaml and the sample, and connections that nobody else uses. */
export interface Client {
  readonly folder: string;
  /** Writes cutover.yaml; see `yaml` for what it says in any case. */
  configure(lines: string): void;
  /** Makes the sample a new version of itself. */
  change(version: string): void;
  cutover(...words: string[]): Promise<Finished>;
  /** The same, which must end well. */
  done(...words: string[]): Promise<Finished>;
  start(...words: string[]): Running;
  status(): Promise<FleetStatus>;
  /** Ends its connections to the servers, as a minute without commands does. */
  disconnect(): Promise<void>;
  remove(): Promise<void>;
}

/** Only a bug takes this long. */
const deadline = 180_000;

export const host = 'shop.example.com';

export function makeClient(env: Readonly<Record<string, string>>): Client {
  // Short: the path of a socket may have a hundred bytes.
  const folder = mkdtempSync(path.join(tmpdir(), 'fleet-'));
  const sockets = path.join(folder, 'run');
  mkdirSync(sockets);
  chmodSync(sockets, 0o700);
  cpSync(nodeSample, path.join(folder, 'app'), { recursive: true });
  const variables = Object.entries({ ...env, XDG_RUNTIME_DIR: sockets }).map(([name, value]) => `${name}=${value}`);
  const client: Client = {
    folder,
    configure: (lines) => writeFileSync(path.join(folder, 'cutover.yaml'), yaml(lines)),
    change: (version) => changeVersion(path.join(folder, 'app', 'package.json'), version),
    start: (...words) => start(['env', ...variables, process.execPath, main, ...words], { cwd: folder, deadline }),
    cutover: (...words) => client.start(...words).done,
    done: async (...words) => succeeded(await client.cutover(...words), words),
    status: async () => JSON.parse((await client.done('status', '--json')).stdout) as FleetStatus,
    disconnect: () => disconnect(path.join(sockets, `cutover-${process.getuid?.() ?? 0}`)),
    async remove() {
      await client.disconnect();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return client;
}

function yaml(lines: string): string {
  const usual = { app: 'shop', artifact: 'app', domain: host, run: 'node server.js', health: '{ path: /health }' };
  const said = Object.entries(usual).filter(([key]) => !new RegExp(`^${key}:`, 'm').test(lines));
  return `${said.map(([key, value]) => `${key}: ${value}\n`).join('')}${lines}\n`;
}

function changeVersion(file: string, version: string): void {
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), version }));
}

function succeeded(finished: Finished, words: readonly string[]): Finished {
  if (finished.code === 0) return finished;
  throw new Error(`cutover ${words.join(' ')}: exit code ${finished.code}\n${finished.stderr}${finished.stdout}`);
}

/** The shared connections of ssh stay for a minute, each with a socket of its own. */
async function disconnect(folder: string): Promise<void> {
  const names = readdirSync(path.dirname(folder)).length > 0 ? readdirSync(folder) : [];
  const masters = names.filter((name) => /^[0-9a-f]{16}$/.test(name));
  await Promise.all(
    masters.map((name) =>
      run(['ssh', '-F', 'none', '-o', `ControlPath=${path.join(folder, name)}`, '-O', 'exit', 'any']),
    ),
  );
}
