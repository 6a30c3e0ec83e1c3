import { readFile, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { initText } from './init-text.ts';
import { detectJava } from './detect-java.ts';
import { detectNode } from './detect-node.ts';

/** What `cutover init` can find out about a folder. */
export interface Facts {
  readonly app: string;
  /** A path or pattern, or a folder that becomes an image. */
  readonly artifact: string | { readonly build: string };
  readonly runtime?: 'docker' | undefined;
  /** A line for `run`; undefined for a jar. */
  readonly run?: string | undefined;
  readonly healthPath?: string | undefined;
  readonly server?: string | undefined;
  readonly adopted?: Adopted | undefined;
  readonly found: readonly string[];
  readonly assumed: readonly string[];
}

/** A switch by include file that is there already. */
export interface Adopted {
  readonly include: string;
  readonly variable: string;
}

export interface Detected {
  readonly found: readonly string[];
  readonly assumed: readonly string[];
  /** A commented `cutover.yaml` that works as it stands. */
  readonly text: string;
}

export interface DetectOptions {
  /** Folder of the application. */
  readonly cwd: string;
  /** Where nginx keeps its configuration, e.g. `/etc/nginx`. */
  readonly nginxDir: string;
}

/** Looks at a folder and writes a configuration for it. Reads only. */
export async function detect({ cwd, nginxDir }: DetectOptions): Promise<Detected> {
  const folder = await openFolder(cwd);
  const kind = detectJava(folder) ?? detectNode(folder) ?? unknownKind(folder);
  const adopted = await detectInclude(nginxDir);
  const found = [
    ...kind.found,
    ...dockerfile(folder, kind.runtime),
    ...(adopted === undefined ? [] : [adoptedFact(adopted)]),
  ];
  const facts: Facts = {
    ...kind,
    app: appName(kind.app),
    adopted,
    found,
    assumed: [...kind.assumed, ...assumedAnyway],
  };
  return { found: facts.found, assumed: facts.assumed, text: initText(facts) };
}

const assumedAnyway = [
  'ports 8081 and 8082 are free for the two slots',
  'the front door answers to every host name on port 80 (set `domain` to name yours)',
];

/** The files of a folder that say how it is built. */
export interface Folder {
  readonly name: string;
  readonly files: readonly string[];
  /** Jars where Maven and Gradle put them, with the folder before their names. */
  readonly built: readonly string[];
  /** Text of one of them; undefined when it is not there. */
  text(name: string): string | undefined;
}

const interesting = [
  'pom.xml',
  'build.gradle',
  'build.gradle.kts',
  'settings.gradle',
  'settings.gradle.kts',
  'package.json',
  'gradle/libs.versions.toml',
];

async function openFolder(cwd: string): Promise<Folder> {
  const texts = new Map<string, string>();
  for (const name of interesting) {
    const content = await readFile(join(cwd, name), 'utf8').catch(() => undefined);
    if (content !== undefined) texts.set(name, content);
  }
  return {
    name: basename(cwd),
    files: (await readdir(cwd)).toSorted(),
    built: (await Promise.all(['build/libs', 'target'].map((place) => jarsIn(cwd, place)))).flat(),
    text: (name) => texts.get(name),
  };
}

async function jarsIn(cwd: string, place: string): Promise<readonly string[]> {
  const names = await readdir(join(cwd, place)).catch(() => []);
  return names.filter(isApplication).map((name) => `${place}/${name}`);
}

function isApplication(name: string): boolean {
  return name.endsWith('.jar') && !name.endsWith('-plain.jar');
}

function unknownKind(folder: Folder): Omit<Facts, 'adopted'> {
  const jars = folder.files.filter(isApplication);
  const [jar] = jars;
  if (jar !== undefined)
    return {
      app: folder.name,
      artifact: jars.length === 1 ? jar : '*.jar',
      found: jars,
      assumed: [],
    };
  const [built] = folder.built;
  if (built !== undefined)
    return { app: folder.name, artifact: join(dirname(built), '*.jar'), found: folder.built, assumed: [] };
  if (folder.files.includes('Dockerfile')) return { ...container, app: folder.name };
  return {
    app: folder.name,
    artifact: 'build/libs/*.jar',
    found: [],
    assumed: [
      'the application is a jar in build/libs: no pom.xml, build.gradle, package.json or jar is here (set `artifact`, and `run` when it is not a jar)',
    ],
  };
}

const container = {
  artifact: { build: '.' },
  runtime: 'docker' as const,
  found: [],
  assumed: [
    'the image is built here from the Dockerfile (set `artifact` to an image to fetch one that is built elsewhere)',
  ],
};

function dockerfile(folder: Folder, runtime: Facts['runtime']): string[] {
  if (!folder.files.includes('Dockerfile')) return [];
  return [
    runtime === 'docker'
      ? 'Dockerfile: each release is an image, and runs in a container'
      : 'Dockerfile: not used; to run containers set `artifact: { build: . }` and `runtime: docker`',
  ];
}

async function detectInclude(nginxDir: string): Promise<Adopted | undefined> {
  const include = join(nginxDir, 'conf.d', 'service-url.inc');
  const content = await readFile(include, 'utf8').catch(() => undefined);
  if (content === undefined) return undefined;
  return {
    include,
    variable: /^\s*set\s+\$([a-z_][a-z0-9_]*)\s/m.exec(content)?.[1] ?? 'service_url',
  };
}

function adoptedFact({ include, variable }: Adopted): string {
  return `${include}: your server block stays, cutover takes over $${variable} (router mode adopted)`;
}

/** The nearest valid name. */
function appName(wanted: string): string {
  const name = wanted
    .toLowerCase()
    .replace(/^@[^/]*\//, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 41)
    .replace(/-+$/, '');
  return name === '' ? 'app' : name;
}
