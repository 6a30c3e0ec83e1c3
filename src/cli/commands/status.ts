import { statusOf } from '../../core/status.ts';
import { look } from '../../core/view.ts';
import { openedToLook, type MainOptions } from '../main-options.ts';
import { targetOf } from '../targets.ts';
import { paintFor } from '../render/paint.ts';
import { statusText } from '../render/status.ts';

interface Options extends MainOptions {
  watch?: boolean;
}

export default async function statusCommand(options: Options): Promise<void> {
  const world = await openedToLook(await targetOf(options));
  const paint = paintFor(process.stdout);
  for (;;) {
    const status = await statusOf(world, await look(world));
    const text = options.json ? `${JSON.stringify(status)}\n` : statusText(status, Date.now(), paint);
    process.stdout.write(options.watch && paint.live ? `\u001B[2J\u001B[H${text}` : text);
    if (!options.watch) return;
    await world.clock.sleep(1000);
  }
}
