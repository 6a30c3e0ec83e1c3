import { rollback, type RollbackOptions } from '../../core/rollback.ts';
import { parseDuration } from '../duration-option.ts';
import { rateOf } from '../rate-option.ts';
import { opened, reporterOf, type MainOptions } from '../main-options.ts';
import { interruptible } from '../signals.ts';
import { single } from '../single.ts';
import { summarized, type Summary } from '../summary.ts';
import { targetsOf, type Targets } from '../targets.ts';
import { whoWeAre } from '../who.ts';

interface Options extends MainOptions {
  wait?: string;
  message?: string;
  prove?: string | true;
}

export default async function rollbackCommand(options: Options, release?: string): Promise<void> {
  const how: RollbackOptions = {
    command: `rollback by ${whoWeAre()}`,
    wait: options.wait ? parseDuration(options.wait) : 0,
    signal: interruptible(),
    release,
    message: options.message,
    prove: rateOf(options.prove),
  };
  await summarized(options, async () => {
    const targets = await targetsOf(options);
    const [config, ...others] = targets.each;
    if (!config || others.length > 0) return rollBackFleet(targets, options, how);
    return single(await opened(config, reporterOf(options, config)), options, (world) => rollback(world, how));
  });
}

async function rollBackFleet(targets: Targets, options: Options, how: RollbackOptions): Promise<Summary> {
  const [{ openFleet, endFleet }, { rollBackAll }] = await Promise.all([
    import('../fleet.ts'),
    import('../../core/fleet-deploy.ts'),
  ]);
  return endFleet(targets, await rollBackAll(await openFleet(targets, options), how), options);
}
