import { execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { end, remember, runs } from './cleanup.ts';
import { ensureCurrentNginx, ensureNginx } from './components.ts';
import { freePorts } from './free-port.ts';

export interface NginxOptions {
  /** Debian's package, a current build, or the path of a binary. */
  readonly binary?: 'debian' | 'current' | (string & {});
  /** Written to `conf.d/site.conf` before the start; gets the ports. */
  readonly site?: (ports: { port: number; httpsPort: number }) => string;
  /** More lines for the `http` block. */
  readonly http?: string;
}

export interface Nginx {
  /** Its own directory; everything below is in it. */
  readonly dir: string;
  readonly conf: string;
  readonly confDir: string;
  /** Path of the pid file. */
  readonly pid: string;
  readonly master: number;
  readonly binary: string;
  /** Free ports, for whoever writes the site. */
  readonly port: number;
  readonly httpsPort: number;
  /** `nginx -t`: throws with what nginx said if the configuration is broken. */
  test(): Promise<void>;
  reload(): Promise<void>;
  stop(): Promise<void>;
  errorLog(): string;
}

/** Starts an nginx of its own on free ports of loopback, with two workers that are not root. */
export async function startNginx(options: NginxOptions = {}): Promise<Nginx> {
  const binary = await findBinary(options.binary ?? 'debian');
  const [port = 0, httpsPort = 0] = await freePorts(2);
  const dir = mkdtempSync(join(tmpdir(), 'cutover-nginx-'));
  // The workers are another user and must get through.
  chmodSync(dir, 0o755);
  const conf = join(dir, 'nginx.conf');
  const confDir = join(dir, 'conf.d');
  mkdirSync(confDir);
  mkdirSync(join(dir, 'tmp'));
  writeFileSync(conf, configuration(dir, options.http ?? ''));
  if (options.site) writeFileSync(join(confDir, 'site.conf'), options.site({ port, httpsPort }));
  const args = ['-p', dir, '-c', conf, '-e', join(dir, 'error.log')];
  const started = await start(binary, args, dir);
  const ask = async (...more: string[]): Promise<void> => void (await run(binary, [...args, ...more]));
  return {
    dir,
    conf,
    confDir,
    pid: join(dir, 'nginx.pid'),
    master: started.pid,
    binary,
    port,
    httpsPort,
    test: () => ask('-t'),
    reload: () => ask('-s', 'reload'),
    stop: () => end(started),
    errorLog: () => readLog(dir),
  };
}

const run = promisify(execFile);

async function findBinary(wanted: string): Promise<string> {
  if (wanted === 'debian') return ensureNginx();
  return wanted === 'current' ? ensureCurrentNginx() : wanted;
}

function configuration(dir: string, http: string): string {
  const user = process.getuid?.() === 0 ? `user ${workerUser()};\n` : '';
  return `${user}worker_processes 2;
worker_rlimit_nofile 8192;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log notice;
events {
  worker_connections 4096;
}
http {
  access_log ${dir}/access.log;
  client_body_temp_path ${dir}/tmp/body;
  proxy_temp_path ${dir}/tmp/proxy;
  fastcgi_temp_path ${dir}/tmp/fastcgi;
  uwsgi_temp_path ${dir}/tmp/uwsgi;
  scgi_temp_path ${dir}/tmp/scgi;
  ${http}
  include conf.d/*.conf;
}
`;
}

function workerUser(): string {
  return /^www-data:/m.test(readFileSync('/etc/passwd', 'utf8')) ? 'www-data' : 'nobody';
}

async function start(binary: string, args: string[], dir: string): Promise<ReturnType<typeof remember>> {
  const child = spawn(binary, [...args, '-g', 'daemon off;'], { detached: true, stdio: 'ignore' });
  await new Promise((resolve, reject) => child.once('spawn', () => resolve(undefined)).once('error', reject));
  child.unref();
  const started = remember(child.pid ?? 0, dir);
  for (const limit = Date.now() + 10_000; Date.now() < limit && runs(started); await sleep(5)) {
    if (hasWrittenPid(dir, started.pid)) return started;
  }
  const said = readLog(dir);
  await end(started, 1000);
  throw new Error(`nginx did not start:\n${said}`);
}

/** nginx creates the file first and writes its number a moment later. */
function hasWrittenPid(dir: string, pid: number): boolean {
  const file = join(dir, 'nginx.pid');
  return existsSync(file) && readFileSync(file, 'utf8') === `${pid}\n`;
}

function readLog(dir: string): string {
  const file = join(dir, 'error.log');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
