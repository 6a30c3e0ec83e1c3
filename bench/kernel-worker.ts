// The switch in the kernel beside two proxies, in a network namespace of its own. Prints its section as JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureWrk } from '../lab/components.ts';
import { startLoadProcess } from '../lab/load-process.ts';
import { startNginx } from '../lab/nginx.ts';
import type { LoadReport } from '../lab/strict-client.ts';
import type { Slot } from '../src/core/slot.ts';
import type { Contender, Ports } from './contenders/contender.ts';
import { startCutover } from './contenders/cutover.ts';
import { startHaproxyTcp } from './contenders/haproxy.ts';
import { startKernel } from './contenders/kernel.ts';
import { interleave, type Share } from './interleaved.ts';
import { median, shuffled } from './stats.ts';
import type { SwitchSection } from './switch-section.ts';
import { figure, table } from './table.ts';

const rounds = 4;
const switches = 25;
const seconds = 3;

interface Measured {
  readonly name: string;
  readonly how: string;
  readonly url: string;
  readonly switchTo: Contender['switchTo'] | undefined;
  readonly times: number[];
  readonly loads: LoadReport[];
  /** Requests per second on kept connections, and with a connection each. */
  readonly kept: number[];
  readonly fresh: number[];
}

// It ends with whoever asked.
process.stdin.on('end', () => process.exit(1)).resume();
console.log(JSON.stringify(await measureKernel()));
process.exit();

async function measureKernel(): Promise<SwitchSection> {
  const back = await startNginx({ site: backSite });
  const ports: Ports = { blue: back.port, green: back.httpsPort };
  const contenders = [
    await startKernel(ports),
    { ...(await startCutover(ports)), name: 'cutover, nginx' },
    await startHaproxyTcp(ports),
  ];
  const direct = { name: 'no switch', how: '', url: `http://127.0.0.1:${ports.blue}`, switchTo: undefined };
  const all = [direct, ...contenders].map((one): Measured => ({ ...one, times: [], loads: [], kept: [], fresh: [] }));
  try {
    for (let round = 0; round < rounds; round += 1) await measureRound(all);
    return { text: describe(all), lost: lostBy(all.find(({ name }) => name === 'cutover, l4')) };
  } finally {
    await Promise.all(contenders.map((one) => one.stop()));
    await back.stop();
  }
}

async function measureRound(all: readonly Measured[]): Promise<void> {
  for (const one of shuffled(all)) await switchAndTime(one);
  for (const one of shuffled(all)) {
    const load = await startLoadProcess({
      url: one.url,
      rate: 4000,
      connections: 100,
      idle: 0,
      posts: 0,
      getPath: '/',
    });
    await sleep(seconds * 1000);
    one.loads.push(await load.stop());
  }
  const wrk = await ensureWrk();
  const urls = Object.fromEntries(all.map(({ name, url }) => [name, `${url}/`]));
  const options = { wrk, connections: 32, turns: 30, turn: 40, observed: [] };
  note(all, 'kept', await interleave(urls, options));
  note(all, 'fresh', await interleave(urls, { ...options, headers: ['Connection: close'] }));
}

function note(all: readonly Measured[], what: 'kept' | 'fresh', shares: readonly Share[]): void {
  for (const one of all) one[what].push(shares.find(({ name }) => name === one.name)?.rate ?? Number.NaN);
}

async function switchAndTime({ switchTo, times }: Measured): Promise<void> {
  if (!switchTo) return;
  for (let i = 0; i < switches * 2; i += 1) {
    const start = performance.now();
    await switchTo(i % 2 ? 'blue' : 'green');
    times.push(performance.now() - start);
  }
}

function backSite({ port, httpsPort }: { port: number; httpsPort: number }): string {
  const one = (at: number, slot: Slot): string =>
    `server { listen 0.0.0.0:${at}; access_log off; keepalive_requests 1000000; return 200 "${slot}\\n"; }\n`;
  return one(port, 'blue') + one(httpsPort, 'green');
}

function lostBy(one: Measured | undefined): number {
  return (one?.loads ?? []).reduce((sum, { lost }) => sum + lost, 0);
}

function describe(all: readonly Measured[]): string {
  const rows = all.map(({ name, times, loads, kept, fresh }) => [
    name,
    times.length === 0 ? '-' : `${figure(median(times))} (${figure(Math.max(...times))})`,
    String(lostBy(all.find((each) => each.name === name))),
    [loads.map(({ latency }) => latency.p50), loads.map(({ latency }) => latency.p99)]
      .map((one) => figure(median(one)))
      .join(', '),
    figure(median(kept)),
    figure(median(fresh)),
  ]);
  const head = [
    '',
    'a switch, ms',
    'lost',
    'p50, p99 at 4,000/s, ms',
    'requests/s, kept',
    'requests/s, a connection each',
  ];
  return `The kernel beside two proxies, ${rounds} rounds, in a network namespace of their own: 32 connections of wrk in turns, an nginx that answers by itself behind; latencies by the strict client on 100 kept connections. A switch is the whole command of the driver, median (worst) of ${rounds * switches * 2}; that of the kernel starts \`nft\`.

${table(head, rows)}

${all
  .filter(({ how }) => how !== '')
  .map(({ name, how }) => `- ${name}: ${how}`)
  .join('\n')}`;
}
