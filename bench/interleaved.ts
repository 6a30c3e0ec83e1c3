import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuTime } from './process-time.ts';
import { shuffled } from './stats.ts';

/** What one address did while it alone was under load. */
export interface Share {
  readonly name: string;
  /** Requests per second of the time it was its turn. */
  readonly rate: number;
  /** CPU time of the observed processes, microseconds a request. */
  readonly cost: number;
}

export interface InterleaveOptions {
  readonly wrk: string;
  readonly connections: number;
  /** Turns of each address in this run. */
  readonly turns: number;
  /** Length of a turn, ms. */
  readonly turn: number;
  /** Processes whose CPU time is charged to whoever's turn it is. */
  readonly observed: readonly number[];
  /** More headers of each request. */
  readonly headers?: readonly string[];
}

/**
 * Loads several addresses in turns of some tens of milliseconds, in an order that changes from lap to lap: one wrk
 * each, all but one of them stopped. Whatever else the machine does hits all of them alike, which runs of seconds
 * one after the other do not achieve.
 */
export async function interleave(urls: Readonly<Record<string, string>>, options: InterleaveOptions): Promise<Share[]> {
  const seconds = Math.ceil((Object.keys(urls).length * options.turns * (options.turn + gap + 2)) / 1000 + 0.5);
  const start = performance.now();
  const clients = Object.entries(urls).map(([name, url]) => startClient(name, url, seconds, options));
  try {
    await sleep(opening);
    clients.forEach(({ child }) => child.kill('SIGSTOP'));
    for (let lap = 0; lap < options.turns; lap += 1) await runLap(clients, options);
    await sleep(Math.max(0, seconds * 1000 - (performance.now() - start)));
    clients.forEach(({ child }) => child.kill('SIGCONT'));
    return await Promise.all(clients.map(finish));
  } finally {
    clients.forEach(({ child }) => child.kill('SIGKILL'));
  }
}

/** What is in flight when a client is stopped is answered in this time, ms. */
const gap = 3;
/** Connections are opened in this time, ms: all clients run. Requests made meanwhile are a few in a hundred, alike for all. */
const opening = 60;

/** What a browser sends: a configuration that looks at it must be measured with it. */
const accept = 'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

interface Client {
  readonly name: string;
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exited: Promise<unknown>;
  time: number;
  cpu: number;
}

function startClient(
  name: string,
  url: string,
  seconds: number,
  { wrk, connections, headers = [] }: InterleaveOptions,
): Client {
  const more = [accept, ...headers].flatMap((header) => ['-H', header]);
  const child = spawn(wrk, ['-t1', `-c${connections}`, `-d${seconds}s`, ...more, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (part: Buffer) => {
    text += part.toString();
  });
  return { name, child, output: () => text, exited: once(child, 'close'), time: 0, cpu: 0 };
}

async function runLap(clients: readonly Client[], { turn, observed }: InterleaveOptions): Promise<void> {
  for (const client of shuffled(clients)) {
    const cpu = cpuTime(observed);
    const start = performance.now();
    client.child.kill('SIGCONT');
    await sleep(turn);
    client.child.kill('SIGSTOP');
    client.time += performance.now() - start;
    await sleep(gap);
    client.cpu += cpuTime(observed) - cpu;
  }
}

async function finish({ name, output, exited, time, cpu }: Client): Promise<Share> {
  await exited;
  const requests = Number(/(\d+) requests in/.exec(output())?.[1] ?? 0);
  if (requests === 0 || /Non-2xx|connect [1-9]/.test(output())) throw new Error(`wrk on ${name}:\n${output()}`);
  return { name, rate: (requests / time) * 1000, cost: (cpu / requests) * 1000 };
}
