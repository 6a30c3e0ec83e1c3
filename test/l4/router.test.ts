import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { userInfo } from 'node:os';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ensureKernelTools } from '../../lab/hosts.ts';
import { freePorts } from '../../lab/free-port.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { setUp, stateActions } from '../../src/core/setup.ts';
import { localHost } from '../../src/drivers/host/local.ts';
import l4Router from '../../src/drivers/router/l4/router.ts';
import { routerContract, type RouterUnderTest } from '../contracts/router.ts';
import { temporary } from '../support/folders.ts';
import { backend, visit } from '../support/router-stand.ts';

const address = '10.9.9.1';

beforeAll(async () => {
  await ensureKernelTools();
  execFileSync('ip', ['address', 'replace', `${address}/32`, 'dev', 'lo']);
});

describe('the switch in the kernel', () => {
  routerContract(openL4);
});

test('which slot answers is not confused with a health check that had the same port before', async () => {
  const { router, slots } = await openL4();
  await router.write({ blue: 100, green: 0 });
  const range = '/proc/sys/net/ipv4/ip_local_port_range';
  const usual = readFileSync(range, 'utf8');
  writeFileSync(range, '40000 40007');
  onTestFinished(() => writeFileSync(range, usual));
  for (let asked = 0; asked < 16; asked += 1) await visit(slots.green, 0, address);
  for (let asked = 0; asked < 4; asked += 1) expect(await router.ask()).toMatchObject({ slot: 'blue', answered: true });
});

async function openL4(): Promise<RouterUnderTest & { slots: { blue: number; green: number } }> {
  const folder = await temporary();
  const [blue = 0, green = 0] = await freePorts(2);
  const servers = { blue: await backend('blue', blue, '0.0.0.0'), green: await backend('green', green, '0.0.0.0') };
  const config = parseConfig(
    '/srv/cutover.yaml',
    `app: shop
artifact: .
run: node server.js
state: ${folder}/state
slots: { blue: ${blue}, green: ${green} }
router: { mode: l4, listen: "${address}:80", rules: ${folder}/rules }
`,
  );
  const host = localHost();
  const router = l4Router(host, config);
  const { username, uid, gid, homedir } = userInfo();
  const deployer = { name: username, uid, gid, home: homedir };
  // The kernel remembers connections to servers that are gone, and would lead a client there that uses its port again.
  onTestFinished(() => {
    execFileSync('nft', ['flush', 'ruleset']);
    execFileSync('conntrack', ['--flush'], { stdio: 'ignore' });
  });
  await setUp({ config, host, router, deployer, checks: [], report: () => {} }, [
    ...stateActions(config),
    ...(await router.install(username)),
  ]);
  const helper = path.join(folder, 'rules', 'switch');
  return {
    router,
    slots: { blue, green },
    settles: 0,
    visit: (stays = 0) => visit(80, stays, address),
    end: (slot) => new Promise((go) => servers[slot].close(() => go()).closeAllConnections()),
    foreign: async (to) => {
      const table = ['inet', 'cutover_shop', 'slots'];
      execFileSync('nft', ['flush', 'map', ...table]);
      execFileSync('nft', ['add', 'element', ...table, `{ 0-99 : goto ${to} }`]);
    },
    damages: [() => rm(helper)],
    silence: { status: undefined, words: 'ECONNREFUSED' },
  };
}
