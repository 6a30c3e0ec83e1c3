import { mkdirSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../src/core/failure.ts';
import { localHost } from '../../src/drivers/host/local.ts';
import { fileStore } from '../../src/drivers/store/files.ts';
import type { Lock } from '../../src/ports.ts';

/** What the test that forked this process tells it, and what it answers. */
export type Order = { do: 'take' } | { do: 'let-go' } | { do: 'hammer'; time: number };
export type Told = { won: boolean; problem?: string } | { held: number; clashes: number };

const state = process.argv[2] ?? '';
const store = fileStore(localHost(), state);
let lock: Lock | undefined;

process.on('disconnect', () => process.exit());
process.on('message', (order: Order) => void obey(order).then((told) => process.send?.(told)));
process.send?.('ready');

async function obey(order: Order): Promise<Told> {
  if (order.do === 'hammer') return hammer(order.time);
  if (order.do === 'let-go') {
    await lock?.release();
    return { won: false };
  }
  lock = undefined;
  try {
    lock = await store.lock(`racer ${process.pid}`);
    return { won: true };
  } catch (error) {
    const expected = error instanceof Failure && error.fields.code === 'LOCKED';
    return expected ? { won: false } : { won: false, problem: String(error) };
  }
}

/** Takes and lets go as fast as it can. While it is held a directory is made, which only one can make. */
async function hammer(time: number): Promise<Told> {
  const told = { held: 0, clashes: 0 };
  const inside = path.join(state, 'inside');
  for (const end = performance.now() + time; performance.now() < end;) {
    const taken = await store.lock('hammer').catch(() => undefined);
    if (!taken) {
      await sleep(Math.random() * 10);
      continue;
    }
    told.held += 1;
    try {
      mkdirSync(inside);
      await sleep(Math.random() * 3);
      rmdirSync(inside);
    } catch {
      told.clashes += 1;
    }
    await taken.release();
  }
  return told;
}
