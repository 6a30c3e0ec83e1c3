import { readCommand } from './command.ts';
import { isArchive, isImage } from './image-name.ts';
import { isMap, valueAt, type Mistake, type Path } from './mistake.ts';
import { progressiveMistakes } from './rules-progressive.ts';
import { routerMistakes } from './rules-router.ts';
import { serverMistakes } from './rules-servers.ts';

/** What one field cannot know of another. Reads the file as it was written, so that it works beside other mistakes. */
export function findContradictions(written: unknown): Mistake[] {
  return [
    ...runMistakes(written),
    ...containerMistakes(written),
    ...portMistakes(written),
    ...ownPortMistakes(written),
    ...routerMistakes(written),
    ...progressiveMistakes(written),
    ...serverMistakes(written),
  ];
}

function runMistakes(written: unknown): Mistake[] {
  const run = valueAt(written, ['run']);
  const shell = valueAt(written, ['shell']) === true;
  if (run === undefined) return notStartable(written, shell);
  const line = typeof run === 'string' ? run : wordsOf(run);
  if (line === undefined) return [];
  const read = readCommand(line, shell);
  if ('argv' in read) return [];
  return read.map(({ word, message }) => ({
    path: word === undefined ? ['run'] : ['run', word],
    message,
  }));
}

function notStartable(written: unknown, shell: boolean): Mistake[] {
  const artifact = valueAt(written, ['artifact']);
  const mistakes: Mistake[] = shell ? [{ path: ['shell'], message: 'is only for a line in run' }] : [];
  if (typeof artifact !== 'string' || artifact === '' || isJar(artifact)) return mistakes;
  if (valueAt(written, ['runtime']) === 'docker') return mistakes;
  return [
    ...mistakes,
    {
      path: ['artifact'],
      message: 'is not a jar, so say how it is started: run: [program, "{artifact}"]',
    },
  ];
}

function containerMistakes(written: unknown): Mistake[] {
  const artifact = valueAt(written, ['artifact']);
  if (valueAt(written, ['runtime']) === 'docker') return [...imageMistakes(artifact), ...addressMistakes(written)];
  const message = 'is for containers: say runtime: docker';
  return [
    ...Object.keys(isMap(artifact) ? artifact : {}).map((key) => ({ path: ['artifact', key], message })),
    ...(valueAt(written, ['container']) === undefined ? [] : [{ path: ['container'], message }]),
  ];
}

function imageMistakes(artifact: unknown): Mistake[] {
  if (typeof artifact !== 'string' || artifact === '' || isArchive(artifact) || isImage(artifact)) return [];
  return [
    { path: ['artifact'], message: 'must be an image such as shop:1.4, an archive such as ./shop.tar, or build: .' },
  ];
}

/** What nginx passes to is written once, before there is any container. */
function addressMistakes(written: unknown): Mistake[] {
  const said = (...path: Path) => valueAt(written, ['container', ...path]);
  if (!isMap(said('addresses'))) return [];
  const path = ['container', 'addresses'];
  const compose = valueAt(written, ['artifact', 'compose']) !== undefined;
  const known: readonly [boolean, string][] = [
    [compose, 'cannot be given to the service of a Compose file yet'],
    [!compose && said('network') === undefined, 'needs container.network: they are addresses of it'],
    [!compose && said('port') === undefined, 'needs container.port: nginx passes to it'],
    [said('addresses', 'blue') === said('addresses', 'green'), 'must be two'],
  ];
  return known.flatMap(([wrong, message]) => (wrong ? [{ path, message }] : []));
}

export function isJar(artifact: string): boolean {
  return /\.[jw]ar$/i.test(artifact);
}

function wordsOf(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((word) => typeof word !== 'object') ? value.map(String) : undefined;
}

/** nginx would take the application's port, or the other way round. */
function portMistakes(written: unknown): Mistake[] {
  const slots = new Set([slotPort(written, 'blue') ?? 8081, slotPort(written, 'green') ?? 8082]);
  return [
    ['router', 'listen'],
    ['router', 'tls', 'listen'],
  ].flatMap((path) =>
    addressesAt(written, path)
      .filter(({ address }) => slots.has(Number(/\d+$/.exec(address)?.[0])))
      .map(({ path: place, address }) => ({
        path: place,
        message: `${address} is a port of the application (slots)`,
      })),
  );
}

function slotPort(written: unknown, slot: string): number | undefined {
  const given = valueAt(written, ['slots', slot]);
  const port = isMap(given) ? given['port'] : given;
  return typeof port === 'number' ? port : undefined;
}

function addressesAt(written: unknown, path: Path): { address: string; path: Path }[] {
  const given = valueAt(written, path);
  if (Array.isArray(given)) return given.map((each, index) => ({ address: String(each), path: [...path, index] }));
  return typeof given === 'string' || typeof given === 'number' ? [{ address: String(given), path }] : [];
}

/** Both slots would get the same port, or a name would lie. */
function ownPortMistakes(written: unknown): Mistake[] {
  const env = valueAt(written, ['env']);
  return Object.keys(isMap(env) ? env : {}).flatMap((name) => {
    const path = ['env', name];
    if (name === 'PORT' || name === 'SERVER_PORT')
      return [{ path, message: 'cutover gives each slot its own port: set it in slots' }];
    return name.startsWith('CUTOVER_') ? [{ path, message: 'names that begin with CUTOVER_ are set by cutover' }] : [];
  });
}
