import { recover } from '../../core/recover.ts';
import { look } from '../../core/view.ts';
import { compose } from '../compose.ts';
import { configOf, reporterOf, type MainOptions } from '../main-options.ts';
import { interruptible } from '../signals.ts';

interface Options extends MainOptions {
  trust?: 'router' | 'records';
}

export default async function recoverCommand(options: Options): Promise<void> {
  const config = await configOf(options);
  const world = await compose(config, reporterOf(options, config.app));
  const done = await recover(world, {
    command: `recover by ${world.who}`,
    wait: 0,
    signal: interruptible(),
    trust: options.trust,
  });
  if (options.json) return;
  const { live, slots } = await look(world, 'alive');
  const words = live ? `: ${live} is live with release ${slots[live].release ?? '?'}` : '; nothing is deployed';
  process.stdout.write(`${done ? 'Put right' : 'Nothing is in disorder'}${words}.\n`);
}
