import { chmod, cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

const { version } = JSON.parse(await readFile('package.json', 'utf8'));

/** What few commands need: each is a file of its own, and read by those alone. */
const apart = ['zod', 'yaml', 'yauzl'];
const besides = {
  name: 'besides',
  setup: ({ onResolve }) =>
    onResolve({ filter: new RegExp(`^(${apart.join('|')})$`) }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { path: `./${path}.js`, external: true },
    ),
};
// A command that runs while this builds finds the old files or the new ones.
const fresh = `dist.${process.pid}`;
// Scripts, and no modules: Node looks for each of those by itself, which takes longer than to read them all.
await build({
  entryPoints: ['src/main.ts', 'src/program.ts', ...apart],
  plugins: [besides],
  outdir: fresh,
  entryNames: '[name]',
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  supported: { 'dynamic-import': false },
  minify: true,
  keepNames: true,
  legalComments: 'linked',
  define: { CUTOVER_VERSION: JSON.stringify(version), 'import.meta.url': 'bundleUrl' },
  banner: { js: "'use strict';\nconst bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
});
await writeFile(`${fresh}/package.json`, '{ "type": "commonjs" }\n');
await cp('src/drivers/runtime/supervise.sh', `${fresh}/supervise.sh`);
await cp('src/drivers/router/l4/switch.sh', `${fresh}/switch.sh`);
await chmod(`${fresh}/main.js`, 0o755);
await rm('dist', { recursive: true, force: true });
await rename(fresh, 'dist');
