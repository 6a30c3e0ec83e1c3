import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, onTestFinished, vi } from 'vitest';
import { startSshd, type Sshd } from '../../lab/sshd.ts';
import { sshHost } from '../../src/drivers/host/ssh/host.ts';
import type { Host } from '../../src/ports.ts';
import { hostContract } from '../contracts/host.ts';

let sshd: Sshd;
let host: Host;
let runtime: string;

beforeAll(async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'cutover-home-'));
  runtime = await mkdtemp(path.join(tmpdir(), 'cutover-ssh-'));
  sshd = await startSshd({ HOME: home });
  for (const [name, value] of Object.entries({ ...sshd.env, XDG_RUNTIME_DIR: runtime })) vi.stubEnv(name, value);
  host = await sshHost(sshd.url, { guarded: true });
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await sshd.stop();
  await rm(runtime, { recursive: true, force: true });
});

describe('a server over ssh', () => {
  hostContract(async () => ({ host, folder: await folder() }));
});

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'cutover-host-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}
