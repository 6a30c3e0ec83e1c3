import { isMap, valueAt, type Mistake, type Path } from './mistake.ts';

/** Keys of `router` that only the kernel's switch knows. */
export const l4Keys = ['protocol', 'old_connections', 'pools', 'masquerade', 'rise', 'fall', 'rules'];
const nginxKeys = ['container', 'binary', 'conf', 'prefix', 'sites', 'pid', 'failover'];
const includeKeys = ['include', 'variable'];
const siteKeys = ['tls', 'max_body'];

type Mode = 'managed' | 'adopted' | 'classic' | 'l4' | 'none';

/** Keys of `router` that another mode would need. */
const foreignTo: Readonly<Record<Mode, Readonly<Record<string, readonly string[]>>>> = {
  managed: { 'adopted or classic': includeKeys, l4: l4Keys },
  adopted: { managed: siteKeys, l4: l4Keys },
  classic: { managed: siteKeys, l4: l4Keys },
  l4: { managed: siteKeys, 'adopted or classic': includeKeys, nginx: nginxKeys },
  none: {
    managed: siteKeys,
    'adopted or classic': includeKeys,
    nginx: nginxKeys,
    l4: l4Keys,
    'a front door': ['listen', 'front_door'],
  },
};

/** What a mode of the router does not know, or cannot do. */
export function routerMistakes(written: unknown): Mistake[] {
  const mode = valueAt(written, ['router', 'mode']) ?? 'managed';
  if (!isMode(mode)) return [];
  return [...foreignKeys(written, mode), ...(mode === 'l4' ? l4Mistakes(written) : relativeInside(written))];
}

function isMode(mode: unknown): mode is Mode {
  return typeof mode === 'string' && Object.hasOwn(foreignTo, mode);
}

function foreignKeys(written: unknown, mode: Mode): Mistake[] {
  return Object.entries(foreignTo[mode]).flatMap(([right, keys]) =>
    keys
      .filter((key) => valueAt(written, ['router', key]) !== undefined)
      .map((key) => ({
        path: ['router'],
        key,
        message: `${key} has no effect with mode ${mode}: it is for ${right}`,
      })),
  );
}

/** Of a container nobody knows which folder a relative path would start at. */
function relativeInside(written: unknown): Mistake[] {
  if (valueAt(written, ['router', 'container']) === undefined) return [];
  const places: readonly Path[] = [
    ...['conf', 'prefix', 'sites', 'pid', 'include'].map((key) => ['router', key]),
    ['router', 'tls', 'certificate'],
    ['router', 'tls', 'key'],
  ];
  const isRelative = (value: unknown) => typeof value === 'string' && !value.startsWith('/');
  return places
    .filter((path) => isRelative(valueAt(written, path)))
    .map((path) => ({ path, message: 'is a path inside router.container, so it must begin with "/"' }));
}

function l4Mistakes(written: unknown): Mistake[] {
  const said = (...path: Path) => valueAt(written, path);
  const pools = isMap(said('router', 'pools'));
  const closes = said('router', 'old_connections') === 'close';
  const standby = said('standby') ?? 'none';
  const known: readonly [boolean, Path, string][] = [
    [pools && closes, ['router', 'old_connections'], 'close stops the old slot, which cutover cannot do with pools'],
    [closes && standby !== 'none', ['standby'], 'contradicts old_connections: close, which stops the old slot'],
    [
      pools && said('run') === undefined,
      ['router', 'pools'],
      'needs `run`: the command that brings a release up on these servers',
    ],
    [
      pools && (said('runtime') ?? 'auto') !== 'auto',
      ['runtime'],
      'has no effect with router.pools: the servers are others',
    ],
    [said('runtime') === 'docker', ['runtime'], 'is on 127.0.0.1 alone with docker, where l4 leads nobody'],
    [
      said('router', 'protocol') === 'udp' && said('health', 'command') === undefined,
      ['router', 'protocol'],
      'udp needs health.command: nobody can tell by asking what answers',
    ],
  ];
  return known.flatMap(([wrong, path, message]) => (wrong ? [{ path, message }] : []));
}
