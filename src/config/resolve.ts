import { dirname, resolve } from 'node:path';
import type { Config, ContainerConfig, Health, RouterConfig, RunCommand } from './config.ts';
import { readCommand } from './command.ts';
import { isArchive } from './image-name.ts';
import type { Mistake, Path } from './mistake.ts';
import { progressiveOf } from './progressive.ts';
import type { Written } from './schema.ts';
import { serversOf } from './servers.ts';
import { upstreamOf } from './upstream.ts';
import { plainPath } from './values-router.ts';

/** Fills in what depends on other fields and makes paths absolute. `given`: the names of what the file itself says, without defaults. */
export function resolveConfig(file: string, written: Written, given: readonly string[]): Config {
  const from = (path: string) => resolve(dirname(file), path);
  const run = runOf(written);
  return {
    file,
    app: written.app,
    server: undefined,
    servers: serversOf(written),
    roles: {},
    rollout: rolloutOf(written.rollout),
    ...artifactOf(written, from),
    domains: written.domain ?? [],
    state: from(written.state ?? `/var/lib/cutover/${written.app}`),
    run,
    env: written.env,
    envFile: written.env_file === undefined ? undefined : from(written.env_file),
    user: written.user,
    ...slotsOf(written, given),
    health: healthOf(written.health),
    grace: written.grace,
    drain: written.drain,
    standby: keepsNone(written.router) ? 0 : written.standby,
    keep: written.keep,
    progressive: progressiveOf(written, from),
    runtime: written.runtime,
    router: routerOf(written, from),
    hooks: hooksOf(written.hooks),
    memory: { check: written.memory.check, needed: written.memory.needed },
    logSize: written.log_size,
    upstream: upstreamOf(written, run),
  };
}

/** What works by itself, without being sent requests, must not go on twice. */
function keepsNone({ mode, old_connections: old }: Written['router']): boolean {
  return mode === 'none' || old === 'close';
}

function rolloutOf({ waves, watch, on_failure: onFailure, ...hooks }: Written['rollout']): Config['rollout'] {
  return { waves, watch, onFailure, beforeServer: hooks.before_server, afterServer: hooks.after_server };
}

/** A folder with a space or a quote in its name makes a bad path out of a good relative one. */
export function pathMistakes(config: Config): Mistake[] {
  const { router } = config;
  const paths: [Path, string | undefined][] = [
    [['state'], config.state],
    [['router', 'binary'], router.binary],
    [['router', 'conf'], router.conf],
    [['router', 'prefix'], router.prefix],
    [['router', 'sites'], router.sites],
    [['router', 'pid'], router.pid],
    [['router', 'include'], router.include],
    [['router', 'tls', 'certificate'], router.tls?.certificate],
    [['router', 'tls', 'key'], router.tls?.key],
    [['router', 'rules'], router.l4.rules],
  ];
  return paths
    .filter(([, path]) => path !== undefined && !plainPath.test(path))
    .map(([path, value]) => ({
      path,
      message: `is ${JSON.stringify(value)}, which nginx cannot be given safely: write an absolute path`,
    }));
}

/** An image is a name, unless it is said like a path: `./shop.tar`. */
function artifactOf(
  { artifact, runtime }: Written,
  from: (path: string) => string,
): Pick<Config, 'artifact' | 'artifactKind' | 'service'> {
  if (typeof artifact === 'string') return { ...namedOf(artifact, runtime, from), service: undefined };
  if ('build' in artifact) return { artifact: from(artifact.build), artifactKind: 'build', service: undefined };
  return { artifact: from(artifact.compose), artifactKind: 'compose', service: artifact.service };
}

function namedOf(
  artifact: string,
  runtime: Config['runtime'],
  from: (path: string) => string,
): Pick<Config, 'artifact' | 'artifactKind'> {
  if (runtime !== 'docker') return { artifact: from(artifact), artifactKind: 'path' };
  if (isArchive(artifact)) return { artifact: from(artifact), artifactKind: 'archive' };
  return { artifact, artifactKind: 'image' };
}

/** A slot with an address of its own needs no port of this machine; one that is given is honoured. */
function slotsOf(
  { slots, container }: Written,
  given: readonly string[],
): { slots: Config['slots']; container: ContainerConfig } {
  const { addresses, port } = container;
  const published = addresses === undefined || port === undefined || given.includes('slots');
  return {
    slots: published ? slots : { blue: port, green: port },
    container: { ...containerOf(container), published },
  };
}

function containerOf({
  log_files: logFiles,
  port,
  network,
  addresses,
  memory,
  cpus,
  ...rest
}: Written['container']): Omit<ContainerConfig, 'published'> {
  return { ...rest, port, network, addresses, memory, cpus, logFiles };
}

function runOf({ run, shell }: Written): RunCommand | undefined {
  if (run === undefined) return undefined;
  const read = readCommand(run, shell);
  return 'argv' in read ? read : undefined;
}

function healthOf({ tcp, status, command, path, body, ...rest }: Written['health']): Health {
  const kind = tcp ? 'tcp' : command === undefined ? 'http' : 'command';
  return { kind, path, status: status ?? [], body, command: command ?? [], ...rest };
}

function routerOf({ app, router: written }: Written, from: (path: string) => string): RouterConfig {
  const { tls } = written;
  const maybe = (path: string | undefined) => (path === undefined ? undefined : from(path));
  return {
    mode: written.mode,
    container: written.container,
    binary: written.binary.includes('/') ? from(written.binary) : written.binary,
    conf: from(written.conf),
    prefix: maybe(written.prefix),
    sites: maybe(written.sites),
    pid: from(written.pid),
    listen: written.listen,
    include: from(written.include),
    variable: written.variable,
    tls: tls === undefined ? undefined : { ...tls, certificate: from(tls.certificate), key: from(tls.key) },
    frontDoor: written.front_door,
    failover: written.failover,
    maxBody: written.max_body,
    l4: {
      protocol: written.protocol,
      oldConnections: written.old_connections,
      pools: written.pools,
      masquerade: written.masquerade,
      rise: written.rise,
      fall: written.fall,
      rules: from(written.rules ?? `/etc/cutover/${app}`),
    },
  };
}

function hooksOf(written: Written['hooks']): Config['hooks'] {
  return {
    beforeStart: written.before_start,
    afterStart: written.after_start,
    beforeSwitch: written.before_switch,
    afterSwitch: written.after_switch,
    afterFailure: written.after_failure,
    activate: written.activate,
    deactivate: written.deactivate,
  };
}
