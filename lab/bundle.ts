import { createHash } from 'node:crypto';
import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { cacheDir, root } from './paths.ts';

/** Files that our programs look for beside themselves. */
const beside = ['src/drivers/runtime/supervise.sh', 'src/drivers/router/l4/switch.sh'];
const banner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

const made = new Map<string, Promise<string>>();

/** A program in TypeScript as one file for Node, which starts in a third of the time that translating it takes each time. */
export function bundled(file: string): Promise<string> {
  const program = made.get(file) ?? make(file);
  made.set(file, program);
  return program;
}

async function make(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, file)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    banner: { js: banner },
  });
  const text = outputFiles[0]?.text ?? '';
  const hash = createHash('sha256').update(text);
  const dir = cacheDir('bundles');
  for (const name of beside) put(join(dir, basename(name)), (to) => copyFileSync(join(root, name), to));
  const program = join(dir, `${basename(file, '.ts')}-${hash.digest('hex').slice(0, 12)}.mjs`);
  put(program, (to) => writeFileSync(to, text));
  return program;
}

/** Whole or not at all: other tests may start it at this moment. */
function put(to: string, write: (to: string) => void): void {
  write(`${to}.${process.pid}`);
  renameSync(`${to}.${process.pid}`, to);
}
