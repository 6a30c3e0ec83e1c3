import path from 'node:path';
import { parse } from 'yaml';
import { exitCodes, Failure } from '../../core/failure.ts';
import type { Host, RunResult } from '../../ports.ts';

/** One service of a Compose project as the engine's own tool reads it, and what it shares with the others. */
export interface Service {
  readonly version?: string | undefined;
  /** Whole, without what would tie it to the project: its ports, its name, what it depends on. */
  readonly definition: Readonly<Record<string, unknown>>;
  /** Name in the file → name at the engine; both are there already and belong to the project. */
  readonly networks: Readonly<Record<string, string>>;
  readonly volumes: Readonly<Record<string, string>>;
  /** What the project's own tool names the image. */
  readonly image: string;
  readonly builds: boolean;
  /** Ports inside the container that it publishes. */
  readonly ports: readonly number[];
}

interface Project {
  readonly name?: string;
  readonly version?: string;
  readonly services?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly networks?: Readonly<Record<string, Shared | null>>;
  readonly volumes?: Readonly<Record<string, Shared | null>>;
}

interface Shared {
  readonly name?: string;
  readonly external?: boolean | { readonly name?: string };
}

export interface ComposeFile {
  /** Absolute path. */
  readonly file: string;
  readonly service: string;
}

export type Compose = (words: readonly string[], deadline: number) => Promise<RunResult>;

/** `docker compose`, or the older `docker-compose`; whichever is there. */
export function composeOn(host: Host): Compose {
  let known: readonly string[] | undefined;
  return async (words, deadline) => {
    known ??=
      (await host.run(['docker', 'compose', 'version'])).code === 0 ? ['docker', 'compose'] : ['docker-compose'];
    return host.run([...known, ...words], { deadline });
  };
}

const readDeadline = 60_000;

export async function serviceOf(compose: Compose, { file, service }: ComposeFile): Promise<Service> {
  const { code, stdout, stderr } = await compose(['--file', file, 'config'], readDeadline);
  if (code !== 0) throw unreadable(file, stderr);
  const project = parse(stdout) as Project;
  const found = project.services?.[service];
  if (!found) throw noService(file, service, Object.keys(project.services ?? {}));
  const name = project.name ?? projectName(file);
  const { build, ports, container_name: _, depends_on: __, restart: ___, deploy: ____, ...definition } = found;
  return {
    version: project.version,
    definition,
    networks: shared(networksIn(definition), project.networks, name),
    volumes: shared(volumesIn(definition['volumes']), project.volumes, name),
    image: typeof definition['image'] === 'string' ? definition['image'] : `${name}${separator(project)}${service}`,
    builds: build !== undefined,
    ports: targets(ports),
  };
}

/** The older tool writes a version and joins names with `_`. */
function separator({ name }: Project): string {
  return name === undefined ? '_' : '-';
}

/** What both tools make of a folder's name. */
function projectName(file: string): string {
  const given = process.env['COMPOSE_PROJECT_NAME'] ?? path.basename(path.dirname(file));
  return given.toLowerCase().replaceAll(/[^-_a-z0-9]/g, '');
}

function shared(
  names: readonly string[],
  known: Readonly<Record<string, Shared | null>> | undefined,
  project: string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, nameAtEngine(name, known?.[name], project)]));
}

function nameAtEngine(name: string, given: Shared | null | undefined, project: string): string {
  const { external, name: own } = given ?? {};
  if (typeof external === 'object') return external.name ?? name;
  return own ?? (external ? name : `${project}_${name}`);
}

function networksIn({ networks, network_mode: mode }: Readonly<Record<string, unknown>>): readonly string[] {
  if (mode !== undefined) return [];
  if (Array.isArray(networks)) return networks.map(String);
  return typeof networks === 'object' && networks !== null ? Object.keys(networks) : ['default'];
}

/** Named ones only: `uploads:/app/uploads`, or the long form. A folder of the host needs no declaration. */
function volumesIn(given: unknown): readonly string[] {
  if (!Array.isArray(given)) return [];
  return given.flatMap((each: unknown) => {
    if (typeof each === 'string') return /^([a-zA-Z0-9][\w.-]*):/.exec(each)?.[1] ?? [];
    const { type, source } = each as { type?: string; source?: string };
    return type === 'volume' && source !== undefined ? source : [];
  });
}

function targets(given: unknown): readonly number[] {
  if (!Array.isArray(given)) return [];
  return given.flatMap((each: unknown) => {
    if (typeof each === 'object' && each !== null) return Number((each as { target?: unknown }).target);
    return Number(/(\d+)(\/tcp)?$/.exec(String(each))?.[1] ?? Number.NaN);
  });
}

/** A project of this one service, which joins the networks and volumes of the user's. JSON: the tools differ in what a bare `no` means. */
export function projectOf(
  service: Service,
  name: string,
  ours: Readonly<Record<string, unknown>>,
  existing: readonly string[],
): string {
  const networks = Object.entries(service.networks).filter(([, network]) => existing.includes(network));
  const { networks: wanted, ...definition } = service.definition;
  const names = networks.map(([network]) => network);
  const alone = definition['network_mode'] === undefined ? { network_mode: 'bridge' } : {};
  const joined = names.length === 0 ? alone : { networks: keptOf(wanted, names) };
  const project = {
    ...(service.version === undefined ? {} : { version: service.version }),
    services: { [name]: { ...definition, ...joined, ...ours } },
    ...declared('networks', networks),
    ...declared('volumes', Object.entries(service.volumes)),
  };
  return JSON.stringify(project);
}

function keptOf(wanted: unknown, names: readonly string[]): unknown {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) return names;
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => names.includes(name)));
}

function declared(kind: string, names: readonly (readonly [string, string])[]): Record<string, unknown> {
  if (names.length === 0) return {};
  return { [kind]: Object.fromEntries(names.map(([name, engine]) => [name, { external: true, name: engine }])) };
}

/** In a value of a Compose file a dollar begins a variable. */
export function literal(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.replaceAll('$', '$$$$')]));
}

function unreadable(file: string, stderr: string): Failure {
  return new Failure({
    code: 'COMPOSE_INVALID',
    exit: exitCodes.configuration,
    what: `${path.basename(file)} cannot be read`,
    why: stderr.trim() || 'neither `docker compose` nor `docker-compose` is installed',
    fix: `\`docker compose --file ${file} config\` tells more`,
  });
}

function noService(file: string, service: string, known: readonly string[]): Failure {
  return new Failure({
    code: 'COMPOSE_INVALID',
    exit: exitCodes.configuration,
    what: `there is no service ${service} in ${path.basename(file)}`,
    why: `it has ${known.join(', ') || 'none'}`,
    fix: 'name one of these in `artifact`',
  });
}
