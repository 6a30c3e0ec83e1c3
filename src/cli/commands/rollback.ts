import { rollback } from '../../core/rollback.ts';
import { compose } from '../compose.ts';
import { parseDuration } from '../duration-option.ts';
import { configOf, reporterOf, type MainOptions } from '../main-options.ts';
import { endText } from '../render/result.ts';
import { interruptible } from '../signals.ts';

interface Options extends MainOptions {
  wait?: string;
  message?: string;
}

export default async function rollbackCommand(options: Options, release?: string): Promise<void> {
  const signal = interruptible();
  const config = await configOf(options);
  const world = await compose(config, reporterOf(options, config.app));
  const wait = options.wait ? parseDuration(options.wait) : 0;
  const done = await rollback(world, {
    command: `rollback by ${world.who}`,
    wait,
    signal,
    release,
    message: options.message,
  });
  if (!options.json) process.stdout.write(endText(done, config));
}
