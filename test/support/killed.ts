/*
 * The real command in a process of its own, which kills itself (SIGKILL) at the N-th moment that
 * matters: before or after a journal entry, a start, a stop, a copy or a switch.
 * usage: killed.ts CONFIG deploy|stages|rollback N, where `stages` is a deploy whose moments count from the first switch on
 */
import { deploy } from '../../src/core/deploy.ts';
import { localHost } from '../../src/drivers/host/local.ts';
import { rollback } from '../../src/core/rollback.ts';
import type { World } from '../../src/core/world.ts';
import { measured } from '../../src/artifact/digest.ts';
import { compose } from '../../src/cli/compose.ts';
import { loadConfig } from '../../src/config/load.ts';

const [file = '', command = '', at = '0'] = process.argv.slice(2);
let moments = 0;
let counting = command !== 'stages';

function moment(): void {
  if (!counting) return;
  moments += 1;
  if (moments === Number(at)) process.kill(process.pid, 'SIGKILL');
}

function around<Given extends readonly unknown[], Answer>(call: (...given: Given) => Promise<Answer>) {
  return async (...given: Given): Promise<Answer> => {
    moment();
    const answer = await call(...given);
    moment();
    return answer;
  };
}

function doomed(world: World): World {
  const { store, runtime, router, host } = world;
  return {
    ...world,
    host: { ...host, copy: around(host.copy) },
    store: { ...store, append: around(store.append) },
    runtime: { ...runtime, start: around(runtime.start), stop: around(runtime.stop) },
    router: {
      ...router,
      write: (split) => {
        counting = true;
        return around(router.write)(split);
      },
    },
  };
}

const config = await loadConfig({ file, cwd: process.cwd(), env: process.env });
const world = doomed(await compose(localHost(), config, () => {}));
const options = {
  command: command === 'rollback' ? command : 'deploy',
  wait: 0,
  signal: new AbortController().signal,
  message: undefined,
};
await (options.command === 'deploy'
  ? deploy(world, await measured(config.artifact), { ...options, notReversible: undefined })
  : rollback(world, { ...options, release: undefined }));
