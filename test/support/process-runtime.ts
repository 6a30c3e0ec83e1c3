import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { freePorts } from '../../lab/free-port.ts';
import { localHost } from '../../src/drivers/host/local.ts';
import processRuntime from '../../src/drivers/runtime/process.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { RuntimeUnderTest } from '../contracts/runtime-support.ts';
import { temporary } from './folders.ts';

export async function openProcessRuntime(logSize = 10_000_000): Promise<RuntimeUnderTest & { state: string }> {
  const state = await temporary();
  for (const folder of ['slots/blue', 'slots/green', 'logs', 'releases'])
    await mkdir(path.join(state, folder), { recursive: true });
  const [blue = 0, green = 0] = await freePorts(2);
  const host = localHost();
  const runtime = processRuntime(host, systemClock, { state, ports: { blue, green }, logSize });
  onTestFinished(async () => {
    await Promise.all([runtime.stop('blue', 500), runtime.stop('green', 500)]);
  });
  const stage = async (id: string) =>
    void (await mkdir(path.join(state, 'releases', id, 'artifact'), { recursive: true }));
  return { runtime, host, state, ports: { blue, green }, stage, restart: 10_000 };
}
