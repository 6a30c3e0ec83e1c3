import { once } from 'node:events';
import { watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../lab/free-port.ts';
import { startNginx } from '../../lab/nginx.ts';
import { built } from '../commands.ts';
import { timed } from '../wall-time.ts';
import { cutoverYaml, stateHome } from './cutover.ts';
import type { Deployer, DeployerKind, Next } from './deployer.ts';

export const cutoverContainers: DeployerKind = {
  name: 'cutover',
  how: '`cutover deploy IMAGE` with `runtime: docker`, as users have it; moves the traffic with the rename that nginx looks for',
  deploys: 4,
  start: startCutoverContainers,
};

async function startCutoverContainers(first: Next): Promise<Deployer> {
  const [main, home, nginx] = [await built(), stateHome(), await startNginx()];
  const [blue = 0, green = 0] = await freePorts(2);
  const application = `artifact: ${first.image}\nruntime: docker\nhealth:\n  path: /health\n`;
  writeFileSync(join(home, 'cutover.yaml'), cutoverYaml(nginx, { blue, green }, home, application));
  const cutover = (...words: string[]): Promise<unknown> => timed([process.execPath, main, ...words], home);
  const stop = async (): Promise<void> => {
    await cutover('down', '--yes').finally(nginx.stop);
  };
  try {
    await cutover('setup');
    await cutover('deploy');
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
  return {
    url: `http://127.0.0.1:${nginx.port}`,
    stop,
    deploy: async ({ image }, moving) => {
      // The rename itself, seen from outside: nothing in the command knows that it is being timed.
      const watcher = watch(join(home, 'lib', 'shop', 'traffic'));
      void once(watcher, 'change').then(moving, () => undefined);
      await cutover('deploy', image).finally(() => watcher.close());
    },
  };
}
