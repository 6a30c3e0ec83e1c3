import { monotonic } from './clock.ts';
import type { Connection } from './load-connection.ts';

export interface Pace {
  /** Sends what has become due. To be called about every millisecond. */
  tick(): void;
  /** A connection is free again. */
  freed(): void;
  stop(): void;
}

export type Send = (connection: Connection, due: number) => void;

/**
 * Hands out requests at a rate; without one, each connection sends as soon as it is free.
 * A request that finds no free connection waits, and its latency counts from when it was due.
 */
export function createPace(connections: readonly Connection[], rate: number | undefined, send: Send): Pace {
  const waiting: number[] = [];
  const nextFree = createTurns(connections);
  let start: number | undefined;
  let made = 0;
  let stopped = false;
  const flush = (): void => {
    while (!stopped && (rate === undefined || waiting.length > 0)) {
      const free = nextFree();
      if (!free) return;
      send(free, waiting.shift() ?? monotonic());
    }
  };
  return {
    tick: () => {
      const now = monotonic();
      start ??= now;
      const due = rate === undefined ? 0 : Math.floor(((now - start) * rate) / 1000);
      for (; made < due; made += 1) waiting.push(now);
      flush();
    },
    freed: flush,
    stop: () => {
      stopped = true;
    },
  };
}

/** Each connection in its turn, the busy ones left out. */
function createTurns(connections: readonly Connection[]): () => Connection | undefined {
  let turn = 0;
  return () => {
    for (let i = 0; i < connections.length; i += 1) {
      const one = connections[(turn + i) % connections.length];
      if (!one || one.busy) continue;
      turn = (turn + i + 1) % connections.length;
      return one;
    }
    return undefined;
  };
}
