import { watch } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from './clock.ts';
import { startLoadProcess } from './load-process.ts';
import type { Parts } from './quickstart-prepare.ts';
import type { Stage } from './quickstart-stage.ts';
import type { LoadReport } from './strict-client.ts';
import { startWebSockets, type WebSocketReport } from './websocket-client.ts';

export interface Traffic {
  /** What is sent while the work is done is counted under this name. */
  phase(name: string, work: () => Promise<void>): Promise<void>;
  stopSockets(): Promise<WebSocketReport>;
  stop(): Promise<LoadReport>;
}

const rate = 400;
const calm = 1000;

/** Names of the marks in the load's report: a phase, and the instant of the switch in it. */
export const switchOf = (phase: string): string => `${phase} | switched`;

export async function startTraffic({ url, traffic }: Stage, { connections, sockets }: Parts): Promise<Traffic> {
  const load = await startLoadProcess({ url, connections, rate });
  const talk = await startWebSockets({ url: `${url.replace('http', 'ws')}/ws`, connections: sockets, every: 100 });
  let current = '';
  // A switch is a rename in this folder: half of the connections send at the very moment it is seen.
  const watcher = watch(traffic, () => {
    if (current === '') return;
    load.mark(switchOf(current), monotonic());
    load.fireIdleNow();
    current = '';
  });
  const [stopSockets, stop] = [once(() => talk.stop()), once(() => load.stop())];
  return {
    async phase(name, work) {
      load.mark(name);
      current = name;
      await work();
      await sleep(calm);
      current = '';
    },
    stopSockets,
    async stop() {
      watcher.close();
      await stopSockets();
      return stop();
    },
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
