import { giveOrder, type Instruction } from '../../core/order.ts';
import { eachServer } from '../each-server.ts';
import { openedToLook, type MainOptions } from '../main-options.ts';
import { interruptible } from '../signals.ts';
import { targetsOf } from '../targets.ts';

const heard: Readonly<Record<Instruction, string>> = {
  promote: 'goes on to its next stage',
  all: 'goes on to all of the traffic',
  pause: 'stays in its stage; `cutover promote` lets it go on',
  abort: 'takes everything back',
};

export function promote({ all, ...options }: MainOptions & { all?: boolean }): Promise<number> {
  return order(options, all ? 'all' : 'promote');
}

export function pause(options: MainOptions): Promise<number> {
  return order(options, 'pause');
}

export function abort(options: MainOptions): Promise<number> {
  return order(options, 'abort');
}

/** Says it to the deploy that is under way, and waits until that has heard it. */
async function order(options: MainOptions, what: Instruction): Promise<number> {
  const signal = interruptible();
  return eachServer(await targetsOf(options), options, async (config) => {
    const deployment = await giveOrder(await openedToLook(config), what, signal);
    process.stdout.write(`Deployment ${deployment} ${heard[what]}.\n`);
  });
}
