import path from 'node:path';
import type { Config } from '../../../config/config.ts';
import { asFailure, exitCodes, Failure } from '../../../core/failure.ts';
import type { Host } from '../../../ports.ts';
import { blind } from './container.ts';
import { edgeOf, type Edge } from './edge.ts';
import { isMountedAlone } from './mounts.ts';
import { nginxPlace } from './place.ts';

/** What must be true of the container that nginx is in, whatever is done. Nothing is touched. */
export async function mustReachSlots(host: Host, config: Config): Promise<void> {
  const { container: name } = config.router;
  if (name === undefined) return;
  const edge = await edgeOf(host, name);
  const { network, addresses } = config.container;
  if (edge.networkMode === 'host') return;
  if (!addresses) throw apart(config, edge);
  if (network !== undefined && !edge.networks.includes(network)) throw notJoined(edge, network);
}

/** Tells of all folders at once that nginx does not see: the container has to be made again for each. */
export async function mustSeeAll(host: Host, config: Config, files: readonly string[]): Promise<void> {
  const { container: name, mode } = config.router;
  if (name === undefined) return;
  const { mounts } = await edgeOf(host, name);
  const place = nginxPlace(host, config);
  const look = async (file: string) => {
    const folder = path.dirname(file);
    if (isMountedAlone(mounts, file)) throw blind(name, { inside: folder }, `only the file ${file} is mounted`);
    await place.outside(folder);
  };
  const looks = [...(mode === 'classic' ? [] : [mustSeeSwitch(host, config)]), ...files.map(look)];
  const failures = (await Promise.allSettled(looks)).flatMap((look) =>
    look.status === 'rejected' ? [asFailure(look.reason).fields] : [],
  );
  const [first] = failures;
  if (!first) return;
  const all = (words: readonly (string | undefined)[]) => [...new Set(words)].join('; ');
  const [whats, whys, fixes] = [
    failures.map(({ what }) => what),
    failures.map(({ why }) => why),
    failures.map(({ fix }) => fix),
  ];
  throw new Failure({ ...first, what: all(whats), why: all(whys), fix: all(fixes) });
}

/** Nor would it ever leave blue if it did not see the switch. */
export async function mustSeeSwitch(host: Host, config: Config): Promise<void> {
  if (config.router.container === undefined) return;
  await nginxPlace(host, config).inside(path.join(config.state, 'traffic'));
}

function apart({ slots, runtime }: Config, { name, networkMode }: Edge): Failure {
  const host = 'make it again with `--network host` (Compose: `network_mode: host`)';
  return new Failure({
    code: 'NGINX_CONTAINER_APART',
    exit: exitCodes.configuration,
    what: `nginx in ${name} cannot reach the slots`,
    why: `its network is ${networkMode}, where 127.0.0.1:${slots.blue} is the container itself`,
    fix:
      runtime === 'docker'
        ? `${host}, or name a network of both in \`container.network\` and two addresses of it in \`container.addresses\``
        : host,
  });
}

function notJoined({ name, networks }: Edge, network: string): Failure {
  return new Failure({
    code: 'NGINX_CONTAINER_APART',
    exit: exitCodes.configuration,
    what: `nginx in ${name} cannot reach the slots`,
    why: `the slots are on the network ${network}, it is on ${networks.join(', ') || 'none'}`,
    fix: `\`docker network connect ${network} ${name}\` (and in its Compose file, so that it stays so)`,
  });
}
