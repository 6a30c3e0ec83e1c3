import { chmod, cp, readFile, rename, rm } from 'node:fs/promises';
import { build } from 'esbuild';

const { version } = JSON.parse(await readFile('package.json', 'utf8'));

// A command that runs while this builds finds the old files or the new ones.
const fresh = `dist.${process.pid}`;
await build({
  entryPoints: ['src/main.ts'],
  outdir: fresh,
  bundle: true,
  splitting: true,
  chunkNames: '[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  minify: true,
  keepNames: true,
  legalComments: 'linked',
  define: { CUTOVER_VERSION: JSON.stringify(version) },
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});
await cp('src/drivers/runtime/supervise.sh', `${fresh}/supervise.sh`);
await cp('src/drivers/router/l4/switch.sh', `${fresh}/switch.sh`);
await chmod(`${fresh}/main.js`, 0o755);
await rm('dist', { recursive: true, force: true });
await rename(fresh, 'dist');
