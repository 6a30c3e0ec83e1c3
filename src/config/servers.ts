import type { Config, Server } from './config.ts';
import type { Written } from './schema.ts';

/** Every server that the file names, in its order. */
export function serversOf({
  server,
  servers,
  roles,
}: Pick<Written, 'server' | 'servers' | 'roles'>): readonly Server[] {
  const inRoles = Object.entries(roles).flatMap(([role, given]) =>
    (Array.isArray(given) ? given : given.servers).map((address) => named(address, role)),
  );
  return [...[server ?? [], servers ?? []].flat().map((address) => named(address, undefined)), ...inRoles];
}

function named(address: string, role: string | undefined): Server {
  return { name: nameOf(address), address, role };
}

/** As people call it: without the user, the scheme and the port. */
export function nameOf(address: string): string {
  return address
    .replace(/^ssh:\/\//, '')
    .replace(/^[^@]*@/, '')
    .replace(/(?<=[^:]):\d+$/, '');
}

/** What the file means for one of its servers. */
export function configFor(config: Config, server: Server): Config {
  const own = server.role === undefined ? undefined : config.roles[server.role];
  return { ...(own ?? config), server };
}
