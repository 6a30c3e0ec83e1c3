import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureProgram } from './apt.ts';
import { end, remember, runs, type Started } from './cleanup.ts';
import { freePort } from './free-port.ts';

/** Debian's `docker-registry` on a loopback port; engines speak plain HTTP to it there. */
export interface Registry {
  /** `127.0.0.1:PORT`, the first part of every name in it. */
  readonly address: string;
  /** Digest that the registry itself tells for a tag. */
  digest(name: string, tag: string): Promise<string>;
  down(): Promise<void>;
  /** Again, with what was pushed. */
  up(): Promise<void>;
  stop(): Promise<void>;
}

export async function startRegistry(): Promise<Registry> {
  const program = await ensureProgram('docker-registry', 'docker-registry');
  const dir = mkdtempSync(join(tmpdir(), 'cutover-registry-'));
  const address = `127.0.0.1:${await freePort()}`;
  writeFileSync(join(dir, 'config.yml'), configuration(dir, address));
  let started: Started | undefined;
  const up = async (): Promise<void> => {
    started = await launch(program, dir, address);
  };
  const down = async (): Promise<void> => {
    if (started) await end(started);
    started = undefined;
  };
  await up();
  return {
    address,
    up,
    down,
    async digest(name, tag) {
      const headers = { accept: 'application/vnd.docker.distribution.manifest.v2+json' };
      const answer = await fetch(`http://${address}/v2/${name}/manifests/${tag}`, { method: 'HEAD', headers });
      return answer.headers.get('docker-content-digest') ?? '';
    },
    async stop() {
      await down();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** JSON is YAML too. */
function configuration(dir: string, address: string): string {
  const storage = { filesystem: { rootdirectory: join(dir, 'data') }, delete: { enabled: true } };
  return JSON.stringify({ version: 0.1, log: { level: 'warn' }, storage, http: { addr: address } });
}

async function launch(program: string, dir: string, address: string): Promise<Started> {
  const log = openSync(join(dir, 'log'), 'a');
  const child = spawn(program, ['serve', join(dir, 'config.yml')], { stdio: ['ignore', log, log], detached: true });
  const started = remember(child.pid ?? 0);
  for (let tries = 0; tries < 600 && runs(started); tries += 1) {
    const answer = await fetch(`http://${address}/v2/`).catch(() => undefined);
    if (answer?.ok) return started;
    await sleep(50);
  }
  await end(started, 1000);
  throw new Error(`the registry did not come up:\n${readFileSync(join(dir, 'log'), 'utf8')}`);
}
