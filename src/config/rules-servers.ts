import { isMap, valueAt, type Mistake, type Path } from './mistake.ts';
import { nameOf } from './servers.ts';

/** What is not true of servers that are reached over ssh. */
export function serverMistakes(written: unknown): Mistake[] {
  const remote = ['server', 'servers', 'roles'].filter((key) => valueAt(written, [key]) !== undefined);
  if (remote.length === 0) return [];
  return [...severalWays(remote), ...twice(written), ...relativeThere(written), ...composeThere(written)];
}

function severalWays([first = '', ...others]: readonly string[]): Mistake[] {
  return others.map((key) => ({ path: [key], message: `says the servers again: ${first} does already` }));
}

function twice(written: unknown): Mistake[] {
  const seen = new Set<string>();
  return placesOf(written).flatMap(({ path, address }) => {
    const name = nameOf(address);
    if (!seen.has(name)) return seen.add(name) && [];
    return [{ path, message: `names ${name} a second time` }];
  });
}

function placesOf(written: unknown): { path: Path; address: string }[] {
  const roles = valueAt(written, ['roles']);
  const inRoles = Object.entries(isMap(roles) ? roles : {}).flatMap(([role, given]) =>
    listed(isMap(given) && !Array.isArray(given) ? given['servers'] : given, [
      'roles',
      role,
      ...(isMap(given) && !Array.isArray(given) ? ['servers'] : []),
    ]),
  );
  return [...listed(valueAt(written, ['servers']), ['servers']), ...inRoles];
}

function listed(given: unknown, path: Path): { path: Path; address: string }[] {
  if (typeof given === 'string') return [{ path, address: given }];
  if (!Array.isArray(given)) return [];
  return given.flatMap((address, index) => (typeof address === 'string' ? [{ path: [...path, index], address }] : []));
}

/** Nobody knows which folder of the server a relative path would start at. */
function relativeThere(written: unknown): Mistake[] {
  const places: readonly Path[] = [
    ['state'],
    ...['conf', 'prefix', 'sites', 'pid', 'include', 'rules'].map((key) => ['router', key]),
    ['router', 'tls', 'certificate'],
    ['router', 'tls', 'key'],
  ];
  const isRelative = (value: unknown) => typeof value === 'string' && !value.startsWith('/');
  return places
    .filter((path) => isRelative(valueAt(written, path)))
    .map((path) => ({ path, message: 'is a path on the server, so it must begin with "/"' }));
}

function composeThere(written: unknown): Mistake[] {
  if (valueAt(written, ['artifact', 'compose']) === undefined) return [];
  return [
    {
      path: ['artifact', 'compose'],
      message: 'is for this machine’s engine: over ssh, name an image, or build: and a folder',
    },
  ];
}
