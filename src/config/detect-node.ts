import { readCommand } from './command.ts';
import type { Facts, Folder } from './detect.ts';
import { isMap, valueAt } from './mistake.ts';

const health =
  'one of /actuator/health/readiness, /actuator/health, /health and /profile says whether it is healthy (set `health.path`)';
const port = 'the application listens on the port in the environment variable PORT (or give it {port} in `run`)';

/** A Node application, or undefined. */
export function detectNode(folder: Folder): Omit<Facts, 'adopted'> | undefined {
  const content = folder.text('package.json');
  if (content === undefined) return undefined;
  const written = parseJson(content);
  const name = valueAt(written, ['name']);
  const { run, found, assumed } = startOf(folder, written);
  return {
    app: typeof name === 'string' ? name : folder.name,
    artifact: '.',
    run,
    found: [found],
    assumed: [...assumed, port, health, 'the whole folder is deployed, node_modules included'],
  };
}

interface Start {
  readonly run: string;
  readonly found: string;
  readonly assumed: readonly string[];
}

function startOf(folder: Folder, written: unknown): Start {
  const script = valueAt(written, ['scripts', 'start']);
  const fromScript = typeof script === 'string' ? nodeLine(script) : undefined;
  if (fromScript !== undefined)
    return {
      run: fromScript,
      found: `package.json: its start script is ${JSON.stringify(script)}`,
      assumed: [],
    };
  const main = valueAt(written, ['main']);
  if (typeof main === 'string' && isPlain(main))
    return {
      run: `node {artifact}/${inside(main)}`,
      found: `package.json: main is ${main}`,
      assumed: [],
    };
  const file = ['server.js', 'index.js', 'app.js', 'main.js', 'server.mjs', 'index.mjs'].find((each) =>
    folder.files.includes(each),
  );
  const guess = `node {artifact}/${file ?? 'index.js'}`;
  return {
    run: guess,
    found: 'package.json',
    assumed: [`it is started with ${guess}: package.json has no plain "node FILE" as start script and no main`],
  };
}

/** `node --flag file.js arg` with the file made absolute; undefined for anything that is not as plain as that. */
function nodeLine(script: string): string | undefined {
  const read = readCommand(script, false);
  if (!('argv' in read) || read.argv[0] !== 'node' || !read.argv.every(isPlain)) return undefined;
  const file = read.argv.findIndex((word, index) => index > 0 && !word.startsWith('-'));
  if (file === -1 || !/[./]/.test(read.argv[file] ?? '')) return undefined;
  return read.argv.map((word, index) => (index === file ? `{artifact}/${inside(word)}` : word)).join(' ');
}

function isPlain(word: string): boolean {
  return /^(?!\/)(?!.*\.\.)[\w./=:@+-]+$/.test(word);
}

function inside(path: string): string {
  return path.replace(/^(\.\/+)+/, '');
}

function parseJson(content: string): unknown {
  try {
    const value: unknown = JSON.parse(content);
    return isMap(value) ? value : {};
  } catch {
    return {};
  }
}
