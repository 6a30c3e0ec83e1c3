import type { Config } from '../../config/config.ts';
import { recover } from '../../core/recover.ts';
import { look } from '../../core/view.ts';
import { eachServer } from '../each-server.ts';
import { opened, reporterOf, type MainOptions } from '../main-options.ts';
import { targetsOf } from '../targets.ts';
import { interruptible } from '../signals.ts';

interface Options extends MainOptions {
  trust?: 'router' | 'records';
}

export default async function recoverCommand(options: Options): Promise<number> {
  const signal = interruptible();
  return eachServer(await targetsOf(options), options, (config) => recoverOne(config, options, signal));
}

async function recoverOne(config: Config, options: Options, signal: AbortSignal): Promise<void> {
  const world = await opened(config, reporterOf(options, config, true));
  const done = await recover(world, {
    command: `recover by ${world.who}`,
    wait: 0,
    signal,
    trust: options.trust,
  });
  if (options.json) return;
  const { live, slots } = await look(world, 'alive');
  const words = live ? `: ${live} is live with release ${slots[live].release ?? '?'}` : '; nothing is deployed';
  process.stdout.write(`${done ? 'Put right' : 'Nothing is in disorder'}${words}.\n`);
}
