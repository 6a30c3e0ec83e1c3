import path from 'node:path';
import { exitCodes, Failure } from '../../../core/failure.ts';
import type { Host } from '../../../ports.ts';
import { edgeOf, type Edge } from './edge.ts';
import { insideOf, outsideOf, type Found } from './mounts.ts';
import type { NginxPlace } from './place.ts';

const absent = 66;
const readScript = `[ -e "$1" ] || exit ${absent}; exec cat -- "$1"`;

/** nginx in a container: programs run beside it there, and what it reads lies in folders that are mounted. */
export function containerPlace(host: Host, name: string): NginxPlace {
  const argv = (words: readonly string[]) => ['docker', 'exec', name, ...words];
  let edge: Promise<Edge> | undefined;
  const mounts = async () => (await (edge ??= edgeOf(host, name))).mounts;
  return {
    argv,
    run: (words) => host.run(argv(words)),
    async read(file) {
      const { code, stdout, stderr } = await host.run(argv(['sh', '-c', readScript, 'read', file]));
      if (code === 0) return stdout;
      if (code === absent) return undefined;
      throw new Error(`${file} in ${name}: ${stderr.trim()}`);
    },
    async inside(folder) {
      const real = (await host.run(['realpath', '-m', '--', folder])).stdout.trim();
      return (await whole(host, name, insideOf(await mounts(), real), { outside: folder })).path;
    },
    async outside(folder) {
      return (await whole(host, name, outsideOf(await mounts(), folder), { inside: folder })).path;
    },
  };
}

/** Where nginx may write to a folder of the host; undefined when it may not. */
export async function writableInside(host: Host, name: string, folder: string): Promise<string | undefined> {
  const found = insideOf((await edgeOf(host, name)).mounts, folder);
  return found?.mount.RW && !found.mount.link ? found.path : undefined;
}

type Wanted = { outside: string } | { inside: string };

/** What is mounted must be the folder that is there now, not one that was. */
async function whole(host: Host, name: string, found: Found | undefined, wanted: Wanted): Promise<Found> {
  if (!found) throw blind(name, wanted, 'it is not mounted there');
  const { mount } = found;
  if (mount.link)
    throw blind(name, wanted, `${mount.Source} is a link: the engine followed it once, and would not see it change`);
  const [ours, its] = await Promise.all([
    host.run(['stat', '-L', '-c', '%d:%i %F', '--', mount.real]),
    host.run(['docker', 'exec', name, 'stat', '-L', '-c', '%d:%i %F', '--', mount.Destination]),
  ]);
  if (!ours.stdout.includes('directory') && ours.code === 0) throw blind(name, wanted, `${mount.Source} is a file`);
  if (its.code === 0 && ours.code === 0 && ours.stdout === its.stdout) return found;
  throw stale(name, mount.Source, `${ours.stderr}${its.stderr}`.trim());
}

/** Says exactly what to add, for `docker run` and for Compose. */
export function blind(name: string, wanted: Wanted, why: string): Failure {
  const folder = 'outside' in wanted ? wanted.outside : wanted.inside;
  const line = `${folder}:${folder}:ro`;
  const first = 'outside' in wanted ? '' : `\`docker cp ${name}:${folder}/. ${folder}\`, then `;
  return new Failure({
    code: 'NGINX_CONTAINER_BLIND',
    exit: exitCodes.configuration,
    what: `nginx in ${name} does not see what is written to ${folder}${'outside' in wanted ? '' : ' inside it'}`,
    why,
    fix: `${first}make the container again with \`-v ${line}\` (Compose: \`volumes: ["${line}"]\`); the folder itself, not a file in it`,
  });
}

function stale(name: string, source: string, said: string): Failure {
  return new Failure({
    code: 'NGINX_CONTAINER_BLIND',
    exit: exitCodes.configuration,
    what: `${name} still sees a ${path.basename(source)} that is gone`,
    why: said || `${source} was removed and made again since the container started`,
    fix: `\`docker restart ${name}\`: then it sees ${source} as it is`,
  });
}
