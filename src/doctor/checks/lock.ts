import { humanDuration } from '../../lib/duration.ts';
import { whenSeen } from '../context.ts';
import { fine, note, warning, wrong, type Check } from '../finding.ts';

const longTime = 60 * 60 * 1000;

/** A cancelled CI run left it for weeks. */
export const lock: Check = {
  id: 'lock',
  group: 'deployments',
  trap: 17,
  title: 'lock',
  check: whenSeen(async ({ world }) => {
    const owner = await world.store.lockOwner();
    if (!owner) return fine('nobody holds it');
    const age = humanDuration(Math.max(0, world.clock.now() - owner.since));
    const who = `${owner.command} (${owner.user}@${owner.host}, process ${owner.pid})`;
    if (!owner.alive)
      return warning(
        `its owner is dead: ${who}, ${age} ago`,
        'the next command takes it over; `cutover unlock` removes it now',
      );
    if (world.clock.now() - owner.since > longTime)
      return warning(`held for ${age} by ${who}`, 'is it still at work? `cutover unlock --force` removes it');
    return note(`held for ${age} by ${who}`);
  }),
};

/** Its tool was killed, or its connection broke. */
export const unfinished: Check = {
  id: 'unfinished',
  group: 'deployments',
  trap: 17,
  title: 'unfinished',
  check: whenSeen(async ({ view, world }) => {
    if (!view.unfinished) return fine('no deployment was interrupted');
    const { command, deployment, by, begun, plan } = view.unfinished;
    const what = `${command} ${deployment} by ${by}, at ${plan[begun.at(-1) ?? -1]?.do ?? 'its begin'}`;
    if ((await world.store.lockOwner())?.alive) return note(`${what} is running`);
    return wrong(`${what} was interrupted`, '`cutover recover` puts it right; the next deploy does, too');
  }),
};

/** File systems of the network do not grant a name to exactly one of two at once, or not reliably. */
const shared = /^(nfs|cifs|smb|smb2|fuseblk|msdos|vfat|v9fs|ceph|afs)/;

/** Two pushes in a row. */
export const oneAtATime: Check = {
  id: 'one-at-a-time',
  group: 'deployments',
  trap: 16,
  title: 'one at a time',
  check: whenSeen(async ({ config, host }) => {
    const kind = (await host.run(['stat', '-f', '-c', '%T', config.state])).stdout.trim();
    const { code } = await host.run(['test', '-w', `${config.state}/lock`]);
    if (code !== 0)
      return wrong(`${config.state}/lock cannot be written by you`, `\`sudo chown -R $USER: ${config.state}/lock\``);
    if (shared.test(kind))
      return warning(`${config.state} lies on ${kind}, where a lock is not sure`, 'put `state` on a local disk');
    return fine(`a second deploy is told who has the lock, or waits (${kind})`);
  }),
};
