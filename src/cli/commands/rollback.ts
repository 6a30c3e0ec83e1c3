import { rollback, type RollbackOptions } from '../../core/rollback.ts';
import { parseDuration } from '../duration-option.ts';
import { opened, reporterOf, type MainOptions } from '../main-options.ts';
import { endText } from '../render/result.ts';
import { interruptible } from '../signals.ts';
import { single } from '../single.ts';
import { targetsOf } from '../targets.ts';
import { whoWeAre } from '../who.ts';

interface Options extends MainOptions {
  wait?: string;
  message?: string;
}

export default async function rollbackCommand(options: Options, release?: string): Promise<void> {
  const how: RollbackOptions = {
    command: `rollback by ${whoWeAre()}`,
    wait: options.wait ? parseDuration(options.wait) : 0,
    signal: interruptible(),
    release,
    message: options.message,
  };
  const targets = await targetsOf(options);
  const [config, ...others] = targets.each;
  if (!config || others.length > 0) {
    const [{ openFleet, endFleet }, { rollBackAll }] = await Promise.all([
      import('../fleet.ts'),
      import('../../core/fleet-deploy.ts'),
    ]);
    return endFleet(targets, await rollBackAll(await openFleet(targets, options), how), options);
  }
  const world = await opened(config, reporterOf(options, config));
  const done = await single(world, options, (it) => rollback(it, how));
  if (!options.json) process.stdout.write(endText(done, config));
}
