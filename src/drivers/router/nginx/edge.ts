import { exitCodes, Failure } from '../../../core/failure.ts';
import type { Host } from '../../../ports.ts';
import { dockerOn, inspected } from '../../docker/engine.ts';
import type { Mount } from './mounts.ts';

/** The container that nginx is in, as far as we ask (`docker inspect`). */
export interface Edge {
  readonly name: string;
  readonly mounts: readonly Mount[];
  /** `host`, or what it has of its own. */
  readonly networkMode: string;
  readonly networks: readonly string[];
  readonly restart: string;
}

interface Inspected {
  readonly State: { readonly Status: string; readonly Running: boolean; readonly Restarting: boolean };
  readonly HostConfig: { readonly NetworkMode: string; readonly RestartPolicy: { readonly Name: string } };
  readonly Mounts: readonly Omit<Mount, 'real' | 'link'>[] | null;
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, unknown>> | null };
}

/** What the engine tells of it now; a failure when it does not run. */
export async function edgeOf(host: Host, name: string): Promise<Edge> {
  const found = await inspected<Inspected>(dockerOn(host), 'container', name);
  if (!found) throw gone(name);
  if (!found.State.Running || found.State.Restarting) throw down(name, found.State.Status);
  return {
    name,
    mounts: await withRealPaths(host, found.Mounts ?? []),
    networkMode: found.HostConfig.NetworkMode,
    networks: Object.keys(found.NetworkSettings.Networks ?? {}),
    restart: found.HostConfig.RestartPolicy.Name,
  };
}

/** For people who wonder why nobody answers; undefined when it runs, or when nothing can be known. */
export async function whyEdgeIsDown(host: Host, name: string): Promise<string | undefined> {
  return edgeOf(host, name).then(
    () => undefined,
    (error: unknown) => (error instanceof Failure ? error.fields.what : undefined),
  );
}

async function withRealPaths(host: Host, mounts: readonly Omit<Mount, 'real' | 'link'>[]): Promise<readonly Mount[]> {
  if (mounts.length === 0) return [];
  const { stdout } = await host.run(['realpath', '-m', '--', ...mounts.map(({ Source }) => Source || '/')]);
  const real = stdout.split('\n');
  const links = await Promise.all(mounts.map(({ Source }) => isLink(host, Source)));
  return mounts.map((mount, index) => ({
    ...mount,
    real: mount.Source === '' ? '' : (real[index] ?? ''),
    link: links[index] ?? false,
  }));
}

async function isLink(host: Host, file: string): Promise<boolean> {
  return file !== '' && (await host.run(['test', '-L', file])).code === 0;
}

function gone(name: string): Failure {
  return new Failure({
    code: 'NGINX_CONTAINER_GONE',
    exit: exitCodes.configuration,
    what: `there is no container ${name}, which router.container names`,
    why: 'the engine does not know it by this name',
    fix: '`docker ps --format "{{.Names}}"` shows what runs; in a project of Compose give it a `container_name`',
  });
}

function down(name: string, status: string): Failure {
  return new Failure({
    code: 'NGINX_CONTAINER_DOWN',
    what: `the container ${name} does not run, so nginx does not`,
    why: `the engine says: ${status}`,
    fix: `\`docker logs --tail 20 ${name}\` tells why; start it (\`docker start ${name}\`)`,
  });
}
