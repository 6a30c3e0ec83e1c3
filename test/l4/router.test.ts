import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { userInfo } from 'node:os';
import { beforeAll, describe, onTestFinished } from 'vitest';
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

async function openL4(): Promise<RouterUnderTest> {
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
