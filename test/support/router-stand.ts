import { createServer, get, type Server } from 'node:http';
import { readFileSync } from 'node:fs';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { userInfo } from 'node:os';
import { onTestFinished } from 'vitest';
import { freePorts } from '../../lab/free-port.ts';
import { startNginx, type Nginx } from '../../lab/nginx.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { setUp, stateActions } from '../../src/core/setup.ts';
import type { Slot } from '../../src/core/slot.ts';
import { localHost } from '../../src/drivers/host/local.ts';
import classicRouter from '../../src/drivers/router/nginx/classic.ts';
import markerRouter from '../../src/drivers/router/nginx/marker.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { RouterUnderTest } from '../contracts/router.ts';
import { serverBlock } from './adopted.ts';
import { temporary } from './folders.ts';
import { until } from './until.ts';

/** A real nginx, set up for real, before two small servers that say which slot they are. */
export async function openRouter(
  mode: 'managed' | 'adopted' | 'classic',
  kind: 'debian' | 'current',
): Promise<RouterUnderTest> {
  const nginx = await startNginx({ binary: kind });
  onTestFinished(() => nginx.stop());
  const state = path.join(await temporary(), 'state');
  const [blue = 0, green = 0] = await freePorts(2);
  const servers = { blue: await backend('blue', blue), green: await backend('green', green) };
  const include = path.join(nginx.dir, 'service-url.inc');
  if (mode !== 'managed') await adoptable(nginx, include, blue);
  const config = parseConfig(
    '/srv/cutover.yaml',
    settings({ mode, nginx, state, include, ports: `${blue}, green: ${green}` }),
  );
  const host = localHost();
  const router = mode === 'classic' ? classicRouter(host, config, systemClock) : markerRouter(host, config);
  const { username, uid, gid, homedir } = userInfo();
  const deployer = { name: username, uid, gid, home: homedir };
  await renewed(nginx, async () => {
    await setUp({ config, host, router, deployer, checks: [], report: () => {} }, [
      ...stateActions(config),
      ...(await router.install(username)),
    ]);
  });
  const marker = (slot: Slot) => path.join(state, 'traffic', slot);
  const byMarker = mode !== 'classic';
  return {
    router,
    settles: byMarker ? 0 : 300,
    visit: (stays = 0) => visit(nginx.port, stays),
    end: (slot) => new Promise((go) => servers[slot].close(() => go()).closeAllConnections()),
    async foreign(to) {
      if (byMarker) return rename(marker(to === 'green' ? 'blue' : 'green'), marker(to));
      await writeFile(
        include,
        (await readFile(include, 'utf8')).replace(`:${blue};`, `:${to === 'green' ? green : blue};`),
      );
      await nginx.reload();
    },
    damages: byMarker
      ? [
          () => writeFile(marker('green'), ''),
          () => Promise.all([rm(marker('green')), rm(marker('blue'))]).then(() => {}),
        ]
      : [
          () => writeFile(include, 'set $service_url http://127.0.0.1:1;\n'),
          () => writeFile(include, ''),
          () => rm(include),
        ],
  };
}

/** Workers of before a reload take new connections for a moment longer. */
async function renewed(nginx: Nginx, reload: () => Promise<void>): Promise<void> {
  const workers = () => readFileSync(`/proc/${nginx.master}/task/${nginx.master}/children`, 'utf8').trim().split(' ');
  await until(() => workers().length === 2, 10_000, 'both workers');
  const before = workers();
  await reload();
  const isRenewed = () => workers().length === 2 && workers().every((worker) => !before.includes(worker));
  await until(isRenewed, 10_000, 'the end of the workers of before');
}

async function adoptable(nginx: Nginx, include: string, blue: number): Promise<void> {
  await writeFile(include, `set $service_url http://127.0.0.1:${blue};\n`);
  await chmod(include, 0o644);
  await writeFile(
    path.join(nginx.confDir, 'theirs.conf'),
    serverBlock({ port: nginx.port, host: 'shop.example.com', include }),
  );
  await renewed(nginx, () => nginx.reload());
}

function settings(given: { mode: string; nginx: Nginx; state: string; include: string; ports: string }): string {
  const { mode, nginx, state, include, ports } = given;
  return `app: shop
artifact: .
run: node server.js
domain: shop.example.com
state: ${state}
slots: { blue: ${ports} }
router:
  mode: ${mode}
  binary: ${nginx.binary}
  conf: ${nginx.conf}
  prefix: ${nginx.dir}
  sites: ${nginx.confDir}
  pid: ${nginx.pid}
${
  mode === 'managed'
    ? ''
    : `  include: ${include}
`
}  listen: 127.0.0.1:${nginx.port}
`;
}

export async function backend(slot: Slot, port: number, address = '127.0.0.1'): Promise<Server> {
  const server = createServer((request, response) => {
    const stays = Number(new URL(request.url ?? '/', 'http://x').searchParams.get('stays'));
    setTimeout(() => response.end(slot), stays);
  });
  await new Promise<void>((go) => server.listen(port, address, go));
  onTestFinished(() => server.close().closeAllConnections());
  return server;
}

export function visit(port: number, stays: number, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      host,
      port,
      path: `/?stays=${stays}`,
      headers: { host: 'shop.example.com' },
      agent: false,
    };
    get(options, (answer) => {
      let body = '';
      answer.on('data', (part: Buffer) => (body += part.toString()));
      answer.on('end', () => resolve(body));
    }).on('error', reject);
  });
}
