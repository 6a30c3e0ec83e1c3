import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureProgram } from './apt.ts';
import { end, remember, runs, type Started } from './cleanup.ts';
import { freePort } from './free-port.ts';

/** Debian's Prometheus on a loopback port. It scrapes itself each second, as `up{job="itself"}`. */
export interface Prometheus {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startPrometheus(): Promise<Prometheus> {
  const program = await ensureProgram('prometheus', 'prometheus');
  const dir = mkdtempSync(join(tmpdir(), 'cutover-prometheus-'));
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(dir, 'prometheus.yml');
  writeFileSync(config, configuration(address));
  const log = openSync(join(dir, 'log'), 'a');
  const flags = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=${address}`,
  ];
  const child = spawn(program, flags, { cwd: dir, stdio: ['ignore', log, log], detached: true });
  const started = remember(child.pid ?? 0, dir);
  const url = `http://${address}`;
  await untilScraped(url, started, dir);
  return { url, stop: () => end(started) };
}

/** JSON is YAML too. */
function configuration(address: string): string {
  const itself = { job_name: 'itself', static_configs: [{ targets: [address] }] };
  return JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: [itself] });
}

async function untilScraped(url: string, started: Started, dir: string): Promise<void> {
  for (let tries = 0; tries < 1200 && runs(started); tries += 1) {
    const answer = await fetch(`${url}/api/v1/query?query=up`).catch(() => undefined);
    if (answer?.ok && (await answer.text()).includes('"itself"')) return;
    await sleep(50);
  }
  const said = readFileSync(join(dir, 'log'), 'utf8');
  await end(started, 1000);
  throw new Error(`Prometheus did not come up:\n${said}`);
}
