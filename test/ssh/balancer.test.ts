import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startFresh } from '../../lab/new-connections.ts';
import { startServers, type Server, type Servers } from '../../lab/servers.ts';
import type { Member } from '../../src/core/member.ts';
import { makeLaptop, yaml, type Laptop } from '../support/ssh-stand.ts';
import { mustBeDone } from '../support/stand.ts';

/* Two servers behind a third, whose kernel leads each connection to one of them. All are reached over ssh. */
const shops = ['shop1', 'shop2'];
const inside = (index: number) => `198.19.${index + 1}.2`;
let servers: Servers;
let laptop: Laptop;

beforeAll(async () => {
  servers = await startServers(['lb', ...shops]);
  shops.forEach((name, index) => wire(servers.get('lb'), servers.get(name), index));
  laptop = makeLaptop(servers, fleet());
  writeFileSync(path.join(laptop.folder, 'balancer.yaml'), balancer(servers.get('lb').address));
  writeFileSync(
    path.join(laptop.folder, 'member.sh'),
    `set -e\ncase $2 in shop1) at=${inside(0)} ;; *) at=${inside(1)} ;; esac
echo "$1 $2" >> turns
exec ${process.execPath} ${process.cwd()}/dist/main.js members "$1" "$at:80" -c balancer.yaml\n`,
  );
  for (const words of [['setup'], ['deploy'], ['setup', '-c', 'balancer.yaml'], ['deploy', '-c', 'balancer.yaml']])
    mustBeDone(await laptop.cutover(...words));
  laptop.configure(fleet(rollout));
});

afterAll(async () => {
  laptop?.remove();
  await servers?.stop();
});

const rollout = `rollout:
  waves: [one]
  watch: 1s
  before_server: sh member.sh drain {server}
  after_server: sh member.sh ready {server}
`;

/** The balancer asks by address, the public by name. */
function fleet(more = ''): string {
  const text = yaml('servers: [shop1, shop2]', more);
  return text.replace(/^domain: .*$/m, `domain: [shop, ${shops.map((_, index) => inside(index)).join(', ')}]`);
}

function balancer(address: string): string {
  const pool = (port: number) => `[${shops.map((_, index) => `'${inside(index)}:${port}'`).join(', ')}]`;
  return `app: front
server: lb
artifact: balancer.yaml
run: [/usr/bin/true]
health: {path: /version}
router:
  mode: l4
  listen: '${address}:80'
  masquerade: true
  pools: {blue: ${pool(80)}, green: ${pool(81)}}
`;
}

/** A cable between two machines, gone with either of them. */
function wire(lb: Server, shop: Server, index: number): void {
  const ip = (...words: string[]) => execFileSync('ip', words);
  const name = `back${index}`;
  ip('link', 'add', name, 'netns', lb.machine.id, 'type', 'veth', 'peer', 'name', name, 'netns', shop.machine.id);
  [lb, shop].forEach(({ machine }, end) => {
    const within = (...words: string[]) => execFileSync('nsenter', [`--net=/run/netns/${machine.id}`, 'ip', ...words]);
    within('address', 'add', `198.19.${index + 1}.${end + 1}/30`, 'dev', name);
    within('link', 'set', name, 'up');
  });
}

async function members(): Promise<readonly Member[]> {
  return JSON.parse((await laptop.cutover('members', '--json', '-c', 'balancer.yaml')).stdout) as readonly Member[];
}

it('takes each server out of the balancer around its turn, and loses no connection of the public', async () => {
  expect((await members()).filter(({ slot }) => slot === 'blue').map(({ state }) => state)).toEqual(['ready', 'ready']);
  const load = startFresh({ host: servers.get('lb').address, port: 80, at: 4 });
  const { code, stdout, stderr } = await laptop.cutover('deploy');
  const { sent, lost } = await load.stop();
  console.log(`a deploy to two servers behind an L4 balancer: ${lost} of ${sent} new connections lost`);
  expect([code, lost, stdout.match(/ done /g)?.length, stderr]).toEqual([0, 0, 2, expect.any(String)]);
  expect(sent).toBeGreaterThan(50);
  const turns = execFileSync('cat', ['turns'], { cwd: laptop.folder, encoding: 'utf8' }).trim().split('\n').slice(-4);
  expect(turns).toEqual(['drain shop1', 'ready shop1', 'drain shop2', 'ready shop2']);
  expect((await members()).filter(({ slot }) => slot === 'blue').map(({ state }) => state)).toEqual(['ready', 'ready']);
});
