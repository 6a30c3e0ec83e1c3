import { recover } from '../../core/recover.ts';
import { compose } from '../compose.ts';
import { configOf, reporterOf, type MainOptions } from '../main-options.ts';
import { interruptible } from '../signals.ts';

interface Options extends MainOptions {
  trust?: 'router' | 'records';
}

export default async function recoverCommand(options: Options): Promise<void> {
  const config = await configOf(options);
  const world = await compose(config, await reporterOf(options, config.app));
  const done = await recover(world, {
    command: `recover by ${world.who}`,
    wait: 0,
    signal: interruptible(),
    trust: options.trust,
  });
  const live = done?.end.live ? `; ${done.end.live} is live with release ${done.end.release ?? '?'}` : '';
  if (!options.json) process.stdout.write(`Records, router and processes agree${live}.\n`);
}
