import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { Failure } from '../../core/failure.ts';
import type { Slot } from '../../core/slot.ts';
import type { Host, Inspection, Launch, RunResult, Runtime, Stopped } from '../../ports.ts';
import { isTaken, processesOf } from '../runtime/processes.ts';
import type { Service } from './compose.ts';
import { healthOf, troubleOf } from './condition.ts';
import {
  containerName,
  environmentFile,
  isOurs,
  portInside,
  runWords,
  type Container,
  type Image,
} from './container.ts';
import { dockerOn, inspected, isFull, noRoom, refused } from './engine.ts';
import { environmentOf } from './environment.ts';
import { memoryOf } from './memory.ts';

const killed = 137;
const slack = 30_000;

/** One container per slot. A container is there as long as something should run in the slot; the truth is `inspect`. */
export default function dockerRuntime(host: Host, config: Config): Runtime {
  const { app, state } = config;
  const docker = dockerOn(host);
  const logFile = (release: string) => path.join(state, 'logs', `${release}.log`);

  /** Undefined also when the name belongs to a container that is not ours. */
  async function containerIn(slot: Slot): Promise<Container | undefined> {
    const found = await inspected<Container>(docker, 'container', containerName(app, slot));
    return found && isOurs(found, app, slot) ? found : undefined;
  }

  async function start(slot: Slot, launch: Launch): Promise<void> {
    const image = await inspected<Image>(docker, 'image', launch.release.artifact);
    if (!image) throw imageGone(launch);
    const record = await host.read(path.join(state, 'releases', launch.release.id, 'service.json'));
    const { code, stderr } = record
      ? await composeUp(slot, launch, image, JSON.parse(record) as Service)
      : await run(slot, launch, image);
    if (code === 0) return;
    const left = await containerIn(slot);
    if (left) await remove(left);
    throw isFull(stderr) ? noRoom(`the container of ${slot}`, stderr) : startFailed(app, slot, stderr);
  }

  async function run(slot: Slot, launch: Launch, image: Image): Promise<RunResult> {
    const inside = portInside(config, image);
    const { lines, inherited } = environmentOf({ ...launch.env, PORT: String(inside), SERVER_PORT: String(inside) });
    await host.write(environmentFile(config, slot), lines, { mode: 0o600 });
    return docker(runWords(config, slot, launch, { inside, inherited: Object.keys(inherited) }), { env: inherited });
  }

  async function composeUp(slot: Slot, launch: Launch, image: Image, service: Service): Promise<RunResult> {
    const { composedUp } = await import('./compose-up.ts');
    const networks = (await docker(['network', 'ls', '--format', '{{.Name}}'])).stdout.split('\n');
    return composedUp(host, config, { slot, launch, service, networks, exposed: portInside(config, image) });
  }

  async function stop(slot: Slot, grace: number): Promise<Stopped> {
    const before = await containerIn(slot);
    if (!before) return { how: 'was-not-running' };
    const { code, stderr } = await docker(['stop', '--time', String(Math.ceil(grace / 1000)), before.Id], {
      deadline: grace + slack,
    });
    if (code !== 0) throw refused(`${slot} cannot be stopped`, stderr);
    const after = (await inspected<Container>(docker, 'container', before.Id)) ?? before;
    await keepLog(after);
    await remove(after);
    if (!before.State.Running) return { how: 'was-not-running' };
    return { how: after.State.ExitCode === killed ? 'killed' : 'graceful' };
  }

  /** What it printed outlives the container, for `logs RELEASE`. */
  async function keepLog({ Id, Config }: Container): Promise<void> {
    const file = logFile(Config.Labels?.['cutover.release'] ?? '');
    await host.run(['sh', '-c', 'umask 077; docker logs -- "$1" >> "$2" 2>&1', 'keep-log', Id, file]);
  }

  async function remove({ Id }: Container): Promise<void> {
    const { code, stderr } = await docker(['rm', '--force', '--volumes', Id]);
    if (code !== 0 && !/no such container/i.test(stderr)) throw refused('a container cannot be removed', stderr);
  }

  async function inspect(slot: Slot, depth: 'alive' | 'full' = 'full'): Promise<Inspection> {
    const found = await containerIn(slot);
    const running = found?.State.Running === true && !found.State.Restarting;
    const ports = running ? reachedPorts(config, slot, found) : [];
    const port = config.slots[slot];
    const onThisMachine = depth === 'full' && config.container.published && !ports.includes(port);
    return {
      state: running ? 'running' : found ? 'exited' : 'stopped',
      release: found?.Config.Labels?.['cutover.release'],
      pid: running ? found.State.Pid : undefined,
      since: running ? Date.parse(found.State.StartedAt) : undefined,
      restarts: found?.RestartCount ?? 0,
      memory: running && depth === 'full' ? await memoryOf(host, found) : undefined,
      ports,
      health: found && healthOf(found),
      taken: onThisMachine && isTaken(port, await processesOf(host, 'tcp', 'none')),
      ...(found ? troubleOf(found) : { detail: undefined }),
    };
  }

  return {
    name: 'docker',
    start,
    stop,
    inspect,
    async keep(slot) {
      const { code, stderr } = await docker(['update', '--restart=always', containerName(app, slot)]);
      if (code !== 0) throw refused(`${slot} cannot be kept over a restart of the engine`, stderr);
    },
    async logs(of, { lines, follow }) {
      const held = await Promise.all(
        'slot' in of ? [containerIn(of.slot)] : [containerIn('blue'), containerIn('green')],
      );
      const found = held.find((one) => one && ('slot' in of || one.Config.Labels?.['cutover.release'] === of.release));
      const words = ['--tail', String(lines), ...(follow ? ['--follow'] : [])];
      if (found) return ['sh', '-c', 'exec docker logs "$@" 2>&1', 'logs', ...words, '--', found.Id];
      return ['tail', '-n', String(lines), logFile('release' in of ? of.release : '')];
    },
  };
}

/** Those of this machine, or the one at the address that the engine gave to this very container. */
function reachedPorts({ container, slots }: Config, slot: Slot, found: Container): readonly number[] {
  if (container.published) return publishedPorts(found);
  const { IPAddress } = found.NetworkSettings.Networks?.[container.network ?? ''] ?? {};
  return IPAddress !== undefined && IPAddress === container.addresses?.[slot] ? [slots[slot]] : [];
}

function publishedPorts({ NetworkSettings }: Container): readonly number[] {
  const published = Object.values(NetworkSettings.Ports ?? {}).flatMap((bindings) => bindings ?? []);
  return [...new Set(published.map(({ HostPort }) => Number(HostPort)))];
}

function imageGone({ release }: Launch): Failure {
  return new Failure({
    code: 'RELEASE_GONE',
    what: `the image of release ${release.id} is not on the server any more`,
    why: `the engine has no ${release.artifact}; somebody removed it`,
    fix: 'deploy it again',
  });
}

function startFailed(app: string, slot: Slot, stderr: string): Failure {
  const taken = /container name .* is already in use/i.test(stderr);
  return new Failure({
    code: taken ? 'CONTAINER_TAKEN' : 'START_FAILED',
    what: taken
      ? `somebody else's container is called ${containerName(app, slot)}`
      : `the engine did not start ${slot}`,
    why: stderr.trim(),
    fix: taken
      ? `rename it (\`docker rename ${containerName(app, slot)} NAME\`); cutover touches only what it made`
      : 'mend the image or the settings under `container`, then deploy again',
  });
}
