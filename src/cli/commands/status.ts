import { systemClock } from '../../lib/clock.ts';
import { statusOf } from '../../core/status.ts';
import { look } from '../../core/view.ts';
import { openedToLook, type MainOptions } from '../main-options.ts';
import { targetsOf, type Targets } from '../targets.ts';
import { paintFor } from '../render/paint.ts';
import { statusText } from '../render/status.ts';

interface Options extends MainOptions {
  watch?: boolean;
}

export default async function statusCommand(options: Options): Promise<number | void> {
  const targets = await targetsOf(options);
  const [config, ...others] = targets.each;
  if (!config || others.length > 0) return showAll(targets, options);
  const world = await openedToLook(config);
  const paint = paintFor(process.stdout);
  for (;;) {
    const status = await statusOf(world, await look(world));
    const text = options.json ? `${JSON.stringify(status)}\n` : statusText(status, Date.now(), paint);
    process.stdout.write(options.watch && paint.live ? `\u001B[2J\u001B[H${text}` : text);
    if (!options.watch) return;
    await world.clock.sleep(1000);
  }
}

async function showAll(targets: Targets, options: Options): Promise<number> {
  const { showFleet } = await import('../fleet-status.ts');
  while (options.watch) {
    if (paintFor(process.stdout).live) process.stdout.write('\u001B[2J\u001B[H');
    await showFleet(targets, options);
    await systemClock.sleep(1000);
  }
  return showFleet(targets, options);
}
