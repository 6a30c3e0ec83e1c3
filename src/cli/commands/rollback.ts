import { rollback } from '../../core/rollback.ts';
import { parseDuration } from '../duration-option.ts';
import { opened, reporterOf, type MainOptions } from '../main-options.ts';
import { targetOf } from '../targets.ts';
import { endText } from '../render/result.ts';
import { interruptible } from '../signals.ts';

interface Options extends MainOptions {
  wait?: string;
  message?: string;
}

export default async function rollbackCommand(options: Options, release?: string): Promise<void> {
  const signal = interruptible();
  const config = await targetOf(options);
  const world = await opened(config, reporterOf(options, config));
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
