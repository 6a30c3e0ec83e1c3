import type { Member } from '../../core/member.ts';
import { checkMembers, membersOf, setMember } from '../../core/members.ts';
import { exitCodes, Failure } from '../../core/failure.ts';
import type { World } from '../../core/world.ts';
import type { Pools } from '../../ports.ts';
import { opened, type MainOptions } from '../main-options.ts';
import { targetOf } from '../targets.ts';
import { membersText } from '../render/members.ts';
import { paintFor } from '../render/paint.ts';
import { interruptible } from '../signals.ts';

interface Options extends MainOptions {
  watch?: boolean;
}

/** Between two rounds of checks, ms. */
const interval = 1000;

export default async function membersCommand(options: Options, action?: string, address?: string): Promise<void> {
  const signal = interruptible();
  const world = await opened(await targetOf(options), () => {});
  const { pools } = world;
  if (!pools) throw noPools();
  if (!options.watch) return print(options, await done(world, pools, signal, action, address), undefined);
  let before: readonly Member[] | undefined;
  while (!signal.aborted) {
    const members = await checkMembers(world, pools, signal);
    print(options, members, before);
    before = members;
    await world.clock.sleep(interval, signal).catch(() => undefined);
  }
}

async function done(
  world: World,
  pools: Pools,
  signal: AbortSignal,
  action = 'show',
  address = '',
): Promise<readonly Member[]> {
  if (action === 'show') return membersOf(world, pools);
  if (action === 'check') return checkMembers(world, pools, signal);
  if (action === 'drain' || action === 'ready') return setMember(world, pools, address, action);
  throw new Failure({
    code: 'NO_SUCH_ACTION',
    exit: exitCodes.usage,
    what: `members cannot ${action}`,
    fix: '`cutover members`, `members check`, `members drain ADDRESS`, `members ready ADDRESS`',
  });
}

/** While it watches, only what changed is worth a line. */
function print({ json }: Options, members: readonly Member[], before: readonly Member[] | undefined): void {
  const changed = members.filter((member, index) => before?.[index]?.state !== member.state);
  const told = before ? changed : members;
  if (told.length === 0) return;
  const now = Date.now();
  process.stdout.write(json ? `${JSON.stringify(told)}\n` : membersText(told, now, paintFor(process.stdout)));
}

function noPools(): Failure {
  return new Failure({
    code: 'NO_POOLS',
    exit: exitCodes.usage,
    what: 'there are no servers behind this one',
    why: 'each slot is one address of this machine',
    fix: 'servers are named in `router.pools`, with `router.mode: l4`',
  });
}
