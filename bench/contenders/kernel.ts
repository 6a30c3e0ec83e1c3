import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../lab/free-port.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { setUp, stateActions } from '../../src/core/setup.ts';
import { allTo } from '../../src/core/split.ts';
import { localHost } from '../../src/drivers/host/local.ts';
import l4Router from '../../src/drivers/router/l4/router.ts';
import type { Contender, Ports } from './contender.ts';
import { workDirectory } from './program.ts';

export const address = '10.9.8.1';

/** cutover's own driver of the kernel, as its own set-up makes it. In a network namespace of its own. */
export async function startKernel(ports: Ports): Promise<Contender> {
  execFileSync('ip', ['address', 'replace', `${address}/32`, 'dev', 'lo']);
  const home = workDirectory('kernel');
  const port = await freePort();
  const text = `app: shop
artifact: app
run: app
state: ${join(home, 'state')}
slots: {blue: ${ports.blue}, green: ${ports.green}}
router: {mode: l4, listen: '${address}:${port}', rules: ${join(home, 'rules')}}
`;
  const config = parseConfig(join(home, 'cutover.yaml'), text);
  const host = localHost();
  const router = l4Router(host, config);
  const { username, uid, gid, homedir } = userInfo();
  const deployer = { name: username, uid, gid, home: homedir };
  await setUp({ config, host, router, deployer, report: () => undefined, checks: [] }, [
    ...stateActions(config),
    ...(await router.install(username)),
  ]);
  return {
    name: 'cutover, l4',
    how: 'its nftables driver: one transaction on one map, no proxy in the path',
    url: `http://${address}:${port}`,
    pid: 0,
    switchTo: (slot) => router.write(allTo(slot)),
    stop: async () => {
      execFileSync('nft', ['delete', 'table', 'inet', 'cutover_shop']);
      rmSync(home, { recursive: true, force: true });
    },
  };
}
