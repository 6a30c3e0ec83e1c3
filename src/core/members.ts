import { checkerAt } from './health.ts';
import { getsTraffic, judged, newMember, serving, type Member, type MemberState } from './member.ts';
import { exitCodes, Failure } from './failure.ts';
import { slots } from './slot.ts';
import type { Pools } from '../ports.ts';
import type { World } from './world.ts';

/** All servers of both pools as they were at the last look; one that is new is ready. */
export async function membersOf({ clock }: World, pools: Pools): Promise<readonly Member[]> {
  const known = await pools.recorded();
  return slots.flatMap((slot) =>
    pools
      .addresses(slot)
      .map(
        (address) =>
          known.find((member) => member.slot === slot && member.address === address) ??
          newMember(slot, address, clock.now()),
      ),
  );
}

/** Asks each server that holds a release once, and takes out or brings back those for which it is time. */
export async function checkMembers(world: World, pools: Pools, signal: AbortSignal): Promise<readonly Member[]> {
  const { config, clock, runtime } = world;
  const before = await membersOf(world, pools);
  const held = await Promise.all(slots.map(async (slot) => (await runtime.inspect(slot, 'alive')).state === 'running'));
  const after = await Promise.all(
    before.map(async (member) => {
      if (!held[slots.indexOf(member.slot)]) return member;
      const check = await checkerAt(world, member.slot, member.address, signal).once();
      return judged(member, check, config.router.l4, clock.now());
    }),
  );
  await apply(pools, before, after);
  return after;
}

/** A person takes a server out before work on it, or brings it back. */
export async function setMember(
  world: World,
  pools: Pools,
  address: string,
  state: MemberState,
): Promise<readonly Member[]> {
  const before = await membersOf(world, pools);
  if (!before.some((member) => member.address === address)) throw noSuchMember(address, before);
  const after = before.map((member) =>
    member.address === address ? { ...newMember(member.slot, address, world.clock.now()), state } : member,
  );
  await apply(pools, before, after);
  return after;
}

async function apply(pools: Pools, before: readonly Member[], after: readonly Member[]): Promise<void> {
  for (const slot of slots) {
    const [was, is] = [before, after].map((all) => serving(all.filter((member) => member.slot === slot)));
    if (was && is && addressesIn(was) !== addressesIn(is))
      await pools.use(
        slot,
        is.map(({ address }) => address),
      );
  }
  if (JSON.stringify(before) !== JSON.stringify(after)) await pools.record(after);
  const lost = after.filter((member, index) => member.state === 'offline' && before[index]?.state !== 'offline');
  // What is open to a dead server would hang until its clients give up: so they learn it at once.
  for (const { slot, address } of lost) await pools.cut(slot, address);
}

function addressesIn(members: readonly Member[]): string {
  return members.map(({ address }) => address).join(' ');
}

export function outOfService(members: readonly Member[]): readonly Member[] {
  return members.filter((member) => !getsTraffic(member));
}

function noSuchMember(address: string, known: readonly Member[]): Failure {
  return new Failure({
    code: 'NO_SUCH_MEMBER',
    exit: exitCodes.usage,
    what: `${address} is in no pool`,
    why: `router.pools has ${known.map((member) => member.address).join(', ')}`,
    fix: 'name one of these',
  });
}
