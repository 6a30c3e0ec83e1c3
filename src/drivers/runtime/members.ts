import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { Failure } from '../../core/failure.ts';
import { endsWithUs } from '../../core/hook.ts';
import type { Slot } from '../../core/slot.ts';
import type { Host, Inspection, Launch, Runtime } from '../../ports.ts';
import { slotFiles } from './slot-files.ts';

/**
 * Slots that are servers behind this one. `run` brings a release up on them and ends when that is
 * done; what then runs there is theirs. Here it is remembered which release each pool holds.
 */
export default function memberRuntime(host: Host, config: Config): Runtime {
  const { state, slots } = config;
  const files = (slot: Slot) => slotFiles(host, state, slot);
  const logFile = (release: string) => path.join(state, 'logs', `${release}.log`);

  async function start(slot: Slot, launch: Launch): Promise<void> {
    await files(slot).occupy(launch);
    const members = config.router.l4.pools?.[slot].join(' ') ?? '';
    const { code, stdout, stderr, timedOut } = await host.run([...endsWithUs, ...launch.argv], {
      env: { ...launch.env, CUTOVER_MEMBERS: members },
      cwd: path.join(state, 'releases', launch.release.id, 'artifact'),
      deadline: config.health.deadline,
    });
    const words = `${stdout}${stderr}`.trimEnd();
    if (words) await host.write(logFile(launch.release.id), `${words}\n`, { append: true, mode: 0o600 });
    if (code !== 0) throw notBroughtUp(slot, launch, timedOut ? 'not done in time' : `exit code ${code}`, words);
  }

  async function inspect(slot: Slot): Promise<Inspection> {
    const release = await files(slot).occupant();
    return {
      state: release === undefined ? 'stopped' : 'running',
      release,
      pid: undefined,
      since: undefined,
      restarts: 0,
      memory: undefined,
      ports: [slots[slot]],
      taken: false,
      detail: undefined,
    };
  }

  return {
    name: 'members',
    start,
    inspect: (slot) => inspect(slot),
    async stop(slot) {
      const was = await files(slot).occupant();
      await files(slot).vacate();
      return { how: was === undefined ? 'was-not-running' : 'graceful' };
    },
    keep: async () => undefined,
    async logs(of, { lines, follow }) {
      const release = 'release' in of ? of.release : ((await files(of.slot).occupant()) ?? 'none');
      return ['tail', '-n', String(lines), ...(follow ? ['-F'] : []), '--', logFile(release)];
    },
  };
}

function notBroughtUp(slot: Slot, { argv }: Launch, how: string, words: string): Failure {
  return new Failure({
    code: 'START_FAILED',
    what: `the release could not be brought up on the servers of ${slot}`,
    why: `${argv.join(' ')}: ${how}\n${words.split('\n').slice(-8).join('\n')}`.trim(),
    fix: 'mend the command of `run`, then deploy again',
  });
}
