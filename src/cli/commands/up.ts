import { up } from '../../core/up-down.ts';
import { opened, reporterOf, type MainOptions } from '../main-options.ts';
import { targetOf } from '../targets.ts';
import { endText } from '../render/result.ts';
import { interruptible } from '../signals.ts';

export default async function upCommand(options: MainOptions): Promise<void> {
  const config = await targetOf(options);
  const world = await opened(config, reporterOf(options, config));
  const done = await up(world, { command: `up by ${world.who}`, wait: 0, signal: interruptible() });
  if (!options.json) process.stdout.write(done ? endText(done, config) : 'Everything that should run does.\n');
}
