import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../../lab/paths.ts';
import type { Servers } from '../../lab/servers.ts';
import type { Finished } from './stand.ts';

/** A laptop: a folder with a cutover.yaml, and its own connections. */
export interface Laptop {
  readonly folder: string;
  cutover(...words: string[]): Promise<Finished>;
  /** Starts a command with `--json`; `seen` is called with each event as it comes. */
  watched(words: readonly string[], seen: (event: Event) => void): { done: Promise<Finished>; pid: number };
  configure(text: string): void;
  /** Ends the shared connections, as when sshd or a firewall closes them. */
  breakConnections(): void;
  remove(): void;
}

export type Event = Readonly<Record<string, unknown>> & { type: string };

export const host = 'shop.example.com';

export function yaml(servers: string, more = ''): string {
  return `app: shop\n${servers}\nartifact: app\ndomain: ${host}\nrun: node server.js\nhealth: {path: /health}\n${more}`;
}

export function makeLaptop(servers: Servers, text: string): Laptop {
  const folder = mkdtempSync(path.join(tmpdir(), 'laptop-'));
  const runtime = path.join(folder, 'run');
  mkdirSync(runtime, { mode: 0o700 });
  cpSync(path.join(root, 'examples', 'node'), path.join(folder, 'app'), { recursive: true });
  const env = { ...process.env, ...servers.env, XDG_RUNTIME_DIR: runtime, XDG_CACHE_HOME: path.join(folder, 'cache') };
  const start = (words: readonly string[]) =>
    spawn(process.execPath, [path.join(root, 'dist', 'main.js'), ...words], { cwd: folder, env });
  const laptop: Laptop = {
    folder,
    cutover: (...words) => ended(start(words)),
    watched(words, seen) {
      const child = start([...words, '--json']);
      eachLine(child.stdout, (line) => seen(JSON.parse(line) as Event));
      return { done: ended(child), pid: child.pid ?? 0 };
    },
    configure: (given) => writeFileSync(path.join(folder, 'cutover.yaml'), given),
    breakConnections() {
      for (const socket of sockets(runtime))
        spawn('ssh', ['-o', `ControlPath=${socket}`, '-O', 'exit', 'any'], { env });
    },
    remove() {
      laptop.breakConnections();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  laptop.configure(text);
  return laptop;
}

function sockets(runtime: string): readonly string[] {
  const folder = path.join(runtime, `cutover-${process.getuid?.() ?? 0}`);
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isSocket() && !entry.name.endsWith('.sock') ? [path.join(folder, entry.name)] : [],
  );
}

function ended(child: ReturnType<typeof spawn>): Promise<Finished> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (part: string) => (stdout += part));
  child.stderr?.setEncoding('utf8').on('data', (part: string) => (stderr += part));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr })));
}

function eachLine(stream: NodeJS.ReadableStream, tell: (line: string) => void): void {
  let text = '';
  stream.on('data', (part: string) => {
    const lines = (text + part).split('\n');
    text = lines.pop() ?? '';
    lines.filter(Boolean).forEach(tell);
  });
}
