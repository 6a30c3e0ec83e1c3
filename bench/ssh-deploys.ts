import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../lab/paths.ts';
import { type Server, type Servers, startServers } from '../lab/servers.ts';
import { built, idleGone } from './commands.ts';
import { stateHome } from './contenders/cutover.ts';
import { startedAtOnce } from './own-start.ts';
import { sshClient, type SshClient } from './ssh-client.ts';
import { shuffled } from './stats.ts';
import { type Ran, timed } from './wall-time.ts';

/** What one round found for so many servers. Times in ms, bytes by the client's side of the network for all servers together. */
export interface DeployRound {
  readonly count: number;
  /** The application started on all of them at once, by itself, until the last answers. */
  readonly start: number;
  /** The artifact's bytes sent to all of them at once by `ssh SERVER 'cat > FILE'`. */
  readonly bare: number;
  /** The artifact is new to the servers and no connection is open. */
  readonly fresh: Moved;
  /** The servers have the artifact and the connections are open. */
  readonly again: Moved;
  readonly rollback: Moved;
}

export interface Moved {
  readonly time: number;
  readonly sent: number;
  readonly received: number;
}

export const artifactBytes = 20_000_000;

interface Stand {
  readonly servers: readonly Server[];
  readonly cutover: (...words: string[]) => Promise<Ran>;
}

interface Lab {
  readonly all: Servers;
  readonly client: SshClient;
  readonly home: string;
  readonly main: string;
}

/** Deploys of the Node sample to machines with systemd, nginx and sshd; all servers in one wave. */
export async function measureDeploys(
  counts: readonly number[],
  rounds: number,
  say: (line: string) => void,
): Promise<readonly DeployRound[]> {
  const names = Array.from({ length: Math.max(...counts) }, (_, at) => `s${at + 1}`);
  const all = await startServers(names);
  const client = sshClient(all.env);
  const lab = { all, client, home: stateHome(), main: await built() };
  try {
    cpSync(join(root, 'examples', 'node'), join(lab.home, 'app'), { recursive: true });
    for (const { machine } of all.all)
      await machine.copyIn(join(lab.home, 'app'), '/home/deploy/alone', { user: 'deploy' });
    const stands: Stand[] = [];
    for (const count of counts) stands.push(await setUp(lab, count));
    const found: DeployRound[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      for (const stand of shuffled(stands)) found.push(await takeRound(lab, stand));
      say(`round ${round} of ${rounds} done`);
    }
    return found;
  } finally {
    await client.remove();
    await all.stop();
  }
}

/** Each number of servers is an app of its own, so that every deploy finds its servers as the one before left them. */
async function setUp({ all, client, home, main }: Lab, count: number): Promise<Stand> {
  const servers = all.all.slice(0, count);
  const folder = join(home, `on-${count}`);
  mkdirSync(folder);
  const port = 8100 + count * 10;
  writeFileSync(
    join(folder, 'cutover.yaml'),
    `app: on${count}
artifact: ../app
run: node server.js
health: { path: /health }
slots: { blue: ${port + 1}, green: ${port + 2} }
router: { listen: '${port}' }
servers: [${servers.map(({ name }) => name).join(', ')}]
rollout: { waves: ['100%'] }
`,
  );
  const cutover = (...words: string[]): Promise<Ran> => timed([process.execPath, main, ...words], folder, client.env);
  await cutover('setup');
  await cutover('deploy');
  return { servers, cutover };
}

async function takeRound({ client, home }: Lab, { servers, cutover }: Stand): Promise<DeployRound> {
  const payload = join(home, 'app', 'payload');
  writeFileSync(payload, randomBytes(artifactBytes));
  const start = await startedAtOnce(servers);
  await client.close();
  const bare = await client.atOnce(
    servers.map(({ name }) => `ssh ${name} 'cat > payload && sync -d payload' < ${payload}`),
  );
  await sleep(idleGone);
  const fresh = await moved(servers, () => cutover('deploy'));
  await sleep(idleGone);
  const again = await moved(servers, () => cutover('deploy'));
  const rollback = await moved(servers, () => cutover('rollback'));
  return { count: servers.length, start, bare: bare.time, fresh, again, rollback };
}

async function moved(servers: readonly Server[], command: () => Promise<Ran>): Promise<Moved> {
  const count = (): readonly number[] =>
    ['tx', 'rx'].map((way) => servers.reduce((sum, { machine }) => sum + counter(machine.link, way), 0));
  const before = count();
  const { time } = await command();
  const [sent = 0, received = 0] = count().map((now, at) => now - (before[at] ?? 0));
  return { time, sent, received };
}

/** Bytes that this side of the link to a machine has sent (`tx`) or received (`rx`), headers included. */
function counter(link: string, way: string): number {
  return Number(readFileSync(`/sys/class/net/${link}/statistics/${way}_bytes`, 'utf8'));
}
