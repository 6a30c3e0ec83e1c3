import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { allTo } from '../../src/core/split.ts';
import { localHost } from '../../src/drivers/host/local.ts';
import markerRouter from '../../src/drivers/router/nginx/marker.ts';
import { temporary } from '../support/folders.ts';

it.each([
  ['blue', 'green'],
  ['green', 'blue'],
] as const)('a switch from %s to %s between the two looks of a reader is no damage', async (from, to) => {
  const state = await temporary();
  const marker = (slot: string) => path.join(state, 'traffic', slot);
  await mkdir(path.join(state, 'traffic'));
  await writeFile(marker(from), '');
  const host = localHost();
  let looks = 0;
  const interrupted = {
    ...host,
    async read(file: string) {
      looks += 1;
      if (looks === 2) {
        await new Promise((go) => setTimeout(go, 50));
        await rename(marker(from), marker(to));
      }
      return host.read(file);
    },
  };
  const config = parseConfig('/srv/cutover.yaml', `app: shop\nartifact: a.jar\nstate: ${state}\n`);
  expect(await markerRouter(interrupted, config).read()).toEqual(allTo(to));
});
