import { chmodSync, rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type Nginx, startNginx } from '../../lab/nginx.ts';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { setUp, stateActions } from '../../src/core/setup.ts';
import { allTo } from '../../src/core/split.ts';
import { localHost } from '../../src/drivers/host/local.ts';
import markerRouter from '../../src/drivers/router/nginx/marker.ts';
import type { Router } from '../../src/ports.ts';
import type { Contender, Ports } from './contender.ts';
import { workDirectory } from './program.ts';

/** cutover's own router driver on the site that its own set-up writes. */
export async function startCutover(ports: Ports): Promise<Contender> {
  const nginx = await startNginx();
  const home = stateHome();
  const router = await setUpFrontDoor(cutoverConfig(nginx, ports, home));
  return {
    name: 'cutover',
    how: 'its nginx driver: one `rename` of an empty file',
    url: `http://127.0.0.1:${nginx.port}`,
    pid: nginx.master,
    switchTo: (slot) => router.write(allTo(slot)),
    stop: nginx.stop,
  };
}

/** Directory for the state, with as many names on its path as `/var/lib/cutover`: nginx walks it for every request. */
export function stateHome(): string {
  const home = workDirectory('state');
  chmodSync(home, 0o755);
  process.once('exit', () => rmSync(home, { recursive: true, force: true }));
  return home;
}

/** Everything that `cutover setup` does, for an nginx of the lab. */
export async function setUpFrontDoor(config: Config): Promise<Router> {
  const host = localHost();
  const router = markerRouter(host, config);
  const { username, uid, gid, homedir } = userInfo();
  const deployer = { name: username, uid, gid, home: homedir };
  const world = { config, host, router, deployer, report: () => undefined, checks: [] };
  await setUp(world, [...stateActions(config), ...(await router.install('root'))]);
  return router;
}

/** What a user's cutover.yaml says, for an nginx of the lab. */
export function cutoverConfig(nginx: Nginx, ports: Ports, home: string): Config {
  return parseConfig(
    join(nginx.dir, 'cutover.yaml'),
    cutoverYaml(nginx, ports, home, "artifact: app\nrun: 'node {artifact}'\n"),
  );
}

export function cutoverYaml(nginx: Nginx, ports: Ports, home: string, application: string): string {
  return `app: shop
${application}state: ${join(home, 'lib', 'shop')}
slots: {blue: ${ports.blue}, green: ${ports.green}}
router:
  binary: ${nginx.binary}
  conf: ${nginx.conf}
  pid: ${nginx.pid}
  prefix: ${nginx.dir}
  sites: ${nginx.confDir}
  listen: '127.0.0.1:${nginx.port}'
`;
}
