import { slots } from '../../core/slot.ts';
import { whenSeen } from '../context.ts';
import { containerUser } from './containers.ts';
import { fine, later, warning, wrong, type Check } from '../finding.ts';

/** A process that belongs to root cannot be stopped by whoever deploys. */
export const processOwner: Check = {
  id: 'process-owner',
  group: 'application',
  trap: 11,
  title: 'may be stopped',
  check: whenSeen(async (context) => {
    const { config, host, uid, view, world } = context;
    if (world.runtime.name === 'docker') return containerUser(context);
    const pids = slots.flatMap((slot) => view.slots[slot].pid ?? []);
    if (pids.length === 0) return later('once something runs');
    const uids = await Promise.all(pids.map(async (pid) => uidOf(await host.read(`/proc/${pid}/status`))));
    const managed = world.runtime.name === 'systemd';
    if (uid !== 0 && !managed && uids.some((one) => one !== uid))
      return wrong(
        'a slot runs as another user, so you cannot stop it',
        `\`sudo kill ${pids.join(' ')}\`, then \`cutover up\` as yourself`,
      );
    if (uids.includes(0)) return warning('the application runs as root', `name a user for it: \`user: ${config.app}\``);
    return fine('each slot runs as a user whose processes may be ended');
  }),
};

function uidOf(status: string | undefined): number {
  return Number(/^Uid:\s+(\d+)/m.exec(status ?? '')?.[1] ?? -1);
}

/** Left by one `sudo cutover deploy`: the next deploy as an ordinary user fails half way. */
export const stateOwner: Check = {
  id: 'state-owner',
  group: 'server',
  trap: 11,
  title: 'state is yours',
  async check({ config, host, world }) {
    if (!world) return later('once the app is set up');
    const owner = (await host.run(['stat', '-c', '%U', config.state])).stdout.trim();
    const places = ['journal.jsonl', 'lock', 'logs', 'releases', 'slots', 'traffic'].map(
      (name) => `${config.state}/${name}`,
    );
    const { stdout } = await host.run(['find', ...places, '-maxdepth', '2', '!', '-user', owner]);
    const foreign = stdout.split('\n').filter(Boolean);
    if (foreign.length === 0) return fine(`all of it belongs to ${owner}`);
    return wrong(
      `${foreign.length === 1 ? '1 file belongs' : `${foreign.length} files belong`} to others than ${owner}, e.g. ${foreign[0] ?? ''}`,
      `\`sudo chown -R ${owner} ${foreign.slice(0, 5).join(' ')}\``,
    );
  },
};
