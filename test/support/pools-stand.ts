import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { end, remember, startTime } from '../../lab/cleanup.ts';
import { startHost, wire, type NetHost } from '../../lab/hosts.ts';
import { root } from '../../lab/paths.ts';
import type { Member } from '../../src/core/member.ts';
import { address4, createL4Stand, type L4Stand } from './l4-stand.ts';
import { mustBeDone } from './stand.ts';

/** A load balancer in front of two servers, each with a place for blue and one for green. */
export interface PoolsStand extends L4Stand {
  /** Script that brings a release up on the servers, and its folder. */
  readonly bringUp: string;
  readonly folder: string;
  /** Process that serves at a place, while it lives. */
  serverPid(address: string, port: number): number | undefined;
  members(): Promise<readonly Member[]>;
}

export interface PoolsOptions {
  port: number;
  /** Keys of `router` beside `listen` and `pools`. */
  router?: string;
  /** Other lines of cutover.yaml. */
  config: string;
  artifact?: string;
  /** What each server runs of the artifact; default `server.js`. */
  program?: string;
}

export const addresses = ['10.9.2.11', '10.9.3.11'] as const;
export const ports = { blue: 8081, green: 8082 } as const;

export async function createPoolsStand({ port, router, config, artifact, program }: PoolsOptions): Promise<PoolsStand> {
  const pool = (at: number) => `[${addresses.map((address) => `"${address}:${at}"`).join(', ')}]`;
  let servers: readonly NetHost[] = [];
  const stand = await createL4Stand({
    router: `listen: ${address4}:${port}\npools: { blue: ${pool(ports.blue)}, green: ${pool(ports.green)} }\n${router ?? ''}`,
    ...(artifact === undefined ? {} : { artifact }),
    config: '',
    setup: false,
    prepare: async (balancer) => void (servers = await Promise.all(addresses.map((_, at) => behind(balancer, at)))),
  });
  const folder = path.join(stand.dir, 'servers');
  const bringUp = path.join(folder, 'bring-up.sh');
  const serverPid = (address: string, at: number) => pidIn(path.join(folder, `server-${address}-${at}`));
  mkdirSync(folder);
  copyFileSync(path.join(root, 'test/support/l4/bring-up.sh'), bringUp);
  writeFileSync(path.join(folder, 'hosts'), servers.map(({ pid }, at) => `${addresses[at]} ${pid}\n`).join(''));
  stand.configure(`${config}run: [sh, '${bringUp}', '${folder}'${program === undefined ? '' : `, ${program}`}]\n`);
  mustBeDone(await stand.cutover('setup'));
  return {
    ...stand,
    bringUp,
    folder,
    serverPid,
    members: async () => JSON.parse((await stand.cutover('members', '--json')).stdout) as readonly Member[],
    stop: () => stop(stand, servers, serverPid),
  };
}

async function behind(balancer: NetHost, index: number): Promise<NetHost> {
  const server = await startHost();
  const network = `10.9.${index + 2}`;
  await wire(
    { host: balancer, name: `member${index}`, addresses: [`${network}.1/24`] },
    { host: server, name: 'eth0', addresses: [`${network}.11/24`] },
  );
  await server.exec('ip', 'route', 'add', 'default', 'via', `${network}.1`);
  return server;
}

function pidIn(file: string): number | undefined {
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  return pid > 0 && startTime(pid) !== undefined ? pid : undefined;
}

async function stop(stand: L4Stand, servers: readonly NetHost[], serverPid: PoolsStand['serverPid']): Promise<void> {
  for (const address of addresses)
    for (const port of Object.values(ports)) {
      const pid = serverPid(address, port);
      if (pid !== undefined) await end(remember(pid), 2000);
    }
  await stand.cutover('down', '--yes');
  await stand.cutover('setup', '--remove');
  await stand.stop();
  for (const server of servers) await server.stop();
}
