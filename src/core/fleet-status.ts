import type { FailureFields } from './failure.ts';
import { liveRelease } from './fleet-deploy.ts';
import { statusOf, type Status } from './status.ts';
import { look } from './view.ts';
import type { World } from './world.ts';

/** One server of `status` with several. */
export interface ServerStatus {
  name: string;
  role: string | null;
  /** Null: it could not be asked, and `failure` says why. */
  status: Status | null;
  /** `sha256:…` of the live release. */
  digest: string | null;
  /** Of the configuration that the live release was deployed with. */
  configuration: string | null;
  failure: Pick<FailureFields, 'code' | 'what' | 'why' | 'fix'> | null;
}

/** The document of `status --json` with several servers; `schema/fleet-status.schema.json` describes it. */
export interface FleetStatus {
  version: 1;
  app: string;
  servers: readonly ServerStatus[];
  /** What is not the same on all servers of a role, for people; empty when all are alike. */
  differences: readonly string[];
}

/** Without memory, ports and the log, which are what costs: with many servers one looks whether they are alive, and alike. */
export async function serverStatus(name: string, world: World): Promise<ServerStatus> {
  const view = await look({ ...world, traffic: undefined }, 'alive');
  const status = await statusOf(world, view);
  const live = liveRelease(view);
  const deployed = view.deployments.findLast((one) => one.command === 'deploy' && one.release === live?.id);
  return {
    name,
    role: world.config.server?.role ?? null,
    status,
    digest: live?.digest ?? null,
    configuration: deployed?.configuration ?? null,
    failure: null,
  };
}

export function differencesOf(servers: readonly ServerStatus[]): readonly string[] {
  const roles = [...new Set(servers.map(({ role }) => role))];
  return roles.flatMap((role) => {
    const alike = servers.filter((server) => server.role === role && server.status);
    const releases = differing(alike, ({ digest }) => digest, releaseText);
    const settings = differing(alike, ({ configuration, digest }) => (digest ? configuration : null), settingsText);
    return [
      ...(releases.length > 0 ? [`releases: ${releases.join('; ')}`] : []),
      ...(settings.length > 0 ? [`configuration at the deploy: ${settings.join('; ')}`] : []),
    ];
  });
}

/** Nothing when all have the same; else who has what, the most common first. */
function differing(
  servers: readonly ServerStatus[],
  key: (server: ServerStatus) => string | null,
  text: (server: ServerStatus) => string,
): readonly string[] {
  const groups = new Map<string | null, ServerStatus[]>();
  for (const server of servers) groups.set(key(server), [...(groups.get(key(server)) ?? []), server]);
  if (groups.size < 2) return [];
  return [...groups.values()]
    .toSorted((a, b) => b.length - a.length)
    .map((group) => `${group.map(({ name }) => name).join(', ')} ${group[0] ? text(group[0]) : ''}`);
}

function releaseText({ status, digest }: ServerStatus): string {
  const release = status?.live ? status.slots[status.live].release : null;
  return release === null ? 'none' : `${release}${digest ? ` (${digest.slice(7, 19)})` : ''}`;
}

function settingsText({ configuration }: ServerStatus): string {
  return configuration ?? 'unknown';
}
