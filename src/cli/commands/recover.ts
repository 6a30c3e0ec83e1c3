import { recover } from '../../core/recover.ts';
import { look } from '../../core/view.ts';
import { opened, reporterOf, type MainOptions } from '../main-options.ts';
import { targetOf } from '../targets.ts';
import { interruptible } from '../signals.ts';

interface Options extends MainOptions {
  trust?: 'router' | 'records';
}

export default async function recoverCommand(options: Options): Promise<void> {
  const config = await targetOf(options);
  const world = await opened(config, reporterOf(options, config));
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
