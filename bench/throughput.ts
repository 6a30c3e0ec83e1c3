import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureWrk } from '../lab/components.ts';
import { freePorts } from '../lab/free-port.ts';
import { type Nginx, startNginx } from '../lab/nginx.ts';
import type { Slot } from '../src/core/slot.ts';
import { allTo } from '../src/core/split.ts';
import { accessLogLine } from '../src/drivers/router/nginx/access-log.ts';
import { accessLog } from '../src/drivers/router/nginx/log-files.ts';
import { cutoverConfig, setUpFrontDoor, stateHome } from './contenders/cutover.ts';
import { interleave, type Share } from './interleaved.ts';
import { childrenOf } from './process-time.ts';
import { median, type Spread, spread } from './stats.ts';

export interface Throughput {
  /** What was compared. */
  readonly what: string;
  /** Requests per second of the second divided by those of the first, one number a pair. */
  readonly ratio: Spread;
  /** CPU time of the nginx workers that the second costs in addition, microseconds a request. */
  readonly added: Spread;
  /** Requests per second, and microseconds of CPU a request, of the first. */
  readonly rate: number;
  readonly cost: number;
}

/** Pairs of cutover's site and a minimal one in the same nginx, in turns of 40 ms. */
export async function measureThroughput(pairs: number): Promise<Throughput[]> {
  const home = stateHome();
  const back = await startNginx({ site: backSite });
  const nginx = await startNginx();
  try {
    return await compareAll(await setUpBoth(nginx, back, home), pairs);
  } finally {
    await nginx.stop();
    await back.stop();
  }
}

type Site = 'cutover' | 'minimal' | 'copy' | 'buffered';

interface Front {
  readonly nginx: Nginx;
  readonly urls: Readonly<Record<Site, string>>;
  readonly logs: readonly string[];
  switchTo(slot: Slot): Promise<void>;
}

interface Comparison {
  readonly what: string;
  readonly sites: readonly [Site, Site];
  readonly live: Slot;
}

const comparisons: readonly Comparison[] = [
  { what: 'a copy of the minimal one, the error of the method', sites: ['minimal', 'copy'], live: 'blue' },
  { what: 'cutover, blue live', sites: ['minimal', 'cutover'], live: 'blue' },
  { what: 'cutover, green live', sites: ['minimal', 'cutover'], live: 'green' },
  { what: 'cutover, blue live, against one with its buffered log', sites: ['buffered', 'cutover'], live: 'blue' },
  { what: 'cutover, green live, against one with its buffered log', sites: ['buffered', 'cutover'], live: 'green' },
];

/** One pair of each comparison in turn, so that a slow minute of the machine is shared by all. */
async function compareAll(front: Front, pairs: number): Promise<Throughput[]> {
  const wrk = await ensureWrk();
  const found = comparisons.map((comparison) => ({ comparison, shares: [] as Share[][] }));
  for (let i = 0; i < pairs; i += 1) {
    for (const { comparison, shares } of found) shares.push(await comparePair(front, comparison, wrk));
  }
  return found.map(({ comparison, shares }) => summarize(comparison.what, shares));
}

async function comparePair(
  { nginx, urls, logs, switchTo }: Front,
  { sites, live }: Comparison,
  wrk: string,
): Promise<Share[]> {
  await switchTo(live);
  const observed = childrenOf(nginx.master);
  const [first, second] = sites;
  const shares = await interleave(
    { [first]: urls[first], [second]: urls[second] },
    { wrk, connections: 32, turns: 40, turn: 40, observed },
  );
  logs.forEach((log) => truncateSync(log));
  return shares;
}

function summarize(what: string, runs: readonly (readonly Share[])[]): Throughput {
  const pairs = runs.flatMap(([one, other]) => (one && other ? [{ one, other }] : []));
  return {
    what,
    ratio: spread(pairs.map(({ one, other }) => other.rate / one.rate)),
    added: spread(pairs.map(({ one, other }) => other.cost - one.cost)),
    rate: median(pairs.map(({ one }) => one.rate)),
    cost: median(pairs.map(({ one }) => one.cost)),
  };
}

async function setUpBoth(nginx: Nginx, back: Nginx, home: string): Promise<Front> {
  const [minimal = 0, copy = 0, buffered = 0] = await freePorts(3);
  const config = cutoverConfig(nginx, { blue: back.port, green: back.httpsPort }, home);
  const router = await setUpFrontDoor(config);
  const logs = {
    minimal: join(nginx.dir, 'minimal.log'),
    copy: join(nginx.dir, 'copy.log'),
    buffered: join(nginx.dir, 'buffered.log'),
  };
  // After the set-up: it names the log format that the set-up's site defines.
  const sites = [
    minimalSite(minimal, `access_log ${logs.minimal};`),
    minimalSite(copy, `access_log ${logs.copy};`),
    minimalSite(buffered, accessLogLine(config, logs.buffered)),
  ];
  writeFileSync(join(nginx.confDir, 'minimal.conf'), minimalUpstream(back.port) + sites.join(''));
  await nginx.test();
  await nginx.reload();
  await sleep(1000);
  const at = (port: number): string => `http://127.0.0.1:${port}/`;
  return {
    nginx,
    urls: { cutover: at(nginx.port), minimal: at(minimal), copy: at(copy), buffered: at(buffered) },
    logs: [...Object.values(logs), accessLog(config)],
    switchTo: (slot) => router.write(allTo(slot)),
  };
}

/** Both slots: as quick an application as there is. */
function backSite({ port, httpsPort }: { port: number; httpsPort: number }): string {
  const one = (at: number, slot: Slot): string => `server {
  listen 127.0.0.1:${at};
  access_log off;
  keepalive_requests 1000000;
  return 200 "${slot}\\n";
}
`;
  return one(port, 'blue') + one(httpsPort, 'green');
}

function minimalUpstream(port: number): string {
  return `upstream minimal {
  server 127.0.0.1:${port};
  keepalive 32;
}
`;
}

/** What a careful person writes by hand: upstream keep-alive, the same headers to the application, nginx's own access log. */
function minimalSite(listen: number, log: string): string {
  return `server {
  listen 127.0.0.1:${listen};
  ${log}
  location / {
    proxy_pass http://minimal;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-Port $server_port;
  }
}
`;
}
