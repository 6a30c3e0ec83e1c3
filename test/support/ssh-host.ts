import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, onTestFinished, vi } from 'vitest';
import { startSshd, type Sshd } from '../../lab/sshd.ts';
import { sshHost } from '../../src/drivers/host/ssh/host.ts';
import type { Host } from '../../src/ports.ts';

/** This machine as a server over a real sshd of its own. */
export interface SshHostUnderTest {
  sshd(): Sshd;
  host(): Host;
  /** Folder of the sockets. */
  runtime(): string;
}

/** For one file of tests: once before all of them. */
export function useSshHost(): SshHostUnderTest {
  const made: { sshd?: Sshd; host?: Host; runtime?: string } = {};
  const sure = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('it is there from the first test on');
    return value;
  };
  beforeAll(async () => {
    made.runtime = await mkdtemp(path.join(tmpdir(), 'cutover-ssh-'));
    made.sshd = await startSshd({ HOME: await mkdtemp(path.join(made.runtime, 'home-')) });
    stub({ ...made.sshd.env, XDG_RUNTIME_DIR: made.runtime });
    made.host = await sshHost(made.sshd.url, { guarded: true });
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await made.sshd?.stop();
    await rm(made.runtime ?? '', { recursive: true, force: true });
  });
  return { sshd: () => sure(made.sshd), host: () => sure(made.host), runtime: () => sure(made.runtime) };
}

export function stub(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
}

export async function temporaryFolder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'cutover-host-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}
