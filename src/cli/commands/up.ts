import type { Config } from '../../config/config.ts';
import { up } from '../../core/up-down.ts';
import { eachServer } from '../each-server.ts';
import { opened, reporterOf, type MainOptions } from '../main-options.ts';
import { targetsOf } from '../targets.ts';
import { endText } from '../render/result.ts';
import { interruptible } from '../signals.ts';

export default async function upCommand(options: MainOptions): Promise<number> {
  const signal = interruptible();
  return eachServer(await targetsOf(options), options, (config) => upOne(config, options, signal));
}

async function upOne(config: Config, options: MainOptions, signal: AbortSignal): Promise<void> {
  const world = await opened(config, reporterOf(options, config, true));
  const done = await up(world, { command: `up by ${world.who}`, wait: 0, signal });
  if (!options.json) process.stdout.write(done ? endText(done, config) : 'Everything that should run does.\n');
}
