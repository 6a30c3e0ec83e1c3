import { access, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeCgroups } from './machine-cgroup.ts';
import { runs } from './cleanup.ts';
import { withLock } from './lock.ts';
import { must, run } from './machine-run.ts';
import { dropClaim, orphanedClaims, type Claim } from './machine-record.ts';

/** Names of what a machine has on the host, all from its index. */
export interface Place {
  /** Network namespace, cgroup and nspawn name. */
  id: string;
  /** Interface on the host's side; 15 characters at most. */
  link: string;
  /** The host's end and the machine's end of the link: a /30 of the range for benchmarks, which nobody routes. */
  gateway: string;
  address: string;
}

export function placeOf(claim: Claim): Place {
  const [high, low] = [claim.index >> 6, (claim.index & 63) * 4];
  const at = (offset: number): string => `198.18.${String(high)}.${String(low + offset)}`;
  const id = `cutover-lab-${String(claim.index)}`;
  return { id, link: `cutlab${String(claim.index)}`, gateway: at(1), address: at(2) };
}

/** A network namespace of the machine's own, joined to the host by one pair of interfaces. */
export async function makeNetwork({ id, link, gateway, address }: Place): Promise<void> {
  const inside = ['nsenter', `--net=/run/netns/${id}`];
  await must(['ip', 'netns', 'add', id]);
  await must(['ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', id]);
  await must(['ip', 'address', 'add', `${gateway}/30`, 'dev', link]);
  await must(['ip', 'link', 'set', link, 'up']);
  await must([...inside, 'ip', 'address', 'add', `${address}/30`, 'dev', 'eth0']);
  await must([...inside, 'ip', 'link', 'set', 'lo', 'up']);
  await must([...inside, 'ip', 'link', 'set', 'eth0', 'up']);
}

/** Gives back everything that a claim stands for. Safe to repeat, and on a claim that got only half way. */
export async function release(claim: Claim): Promise<void> {
  const { id } = placeOf(claim);
  if (claim.supervisor !== undefined && runs(claim.supervisor)) process.kill(claim.supervisor.pid, 'SIGKILL');
  // Its PID 1 outlives nspawn, and takes everything else in the machine with it.
  await removeCgroups(id);
  // The pair of interfaces goes with the namespace that holds one of them.
  if (await exists(`/run/netns/${id}`)) await must(['ip', 'netns', 'delete', id]);
  await run(['ip', 'link', 'delete', placeOf(claim).link]);
  for (const folder of ['propagate', 'unix-export'])
    await rmdir(join('/run/systemd/nspawn', folder, id)).catch(() => undefined);
  await rm(claim.disk, { recursive: true, force: true });
  await dropClaim(claim);
}

/** Cleans up after runs that died without doing so. */
export async function releaseOrphans(): Promise<void> {
  // One at a time: a second cleaner could take what a new machine of the same index has just made.
  await withLock('machines', async () => {
    for (const claim of await orphanedClaims()) await release(claim);
  });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
