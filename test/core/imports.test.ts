import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../lab/paths.ts';

const src = path.join(root, 'src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

/** Which folders of `src` a folder may import from. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  lib: ['lib', 'ports.ts'],
  core: ['core', 'lib', 'ports.ts', 'config'],
  config: ['config', 'core', 'lib', 'ports.ts'],
  artifact: ['artifact', 'config', 'core', 'lib'],
  drivers: ['drivers', 'core', 'config', 'lib', 'ports.ts'],
};

test.each(Object.entries(allowed))('%s imports only from %s', (folder, others) => {
  const wrong = files
    .filter((file) => file.startsWith(`${folder}/`))
    .flatMap((file) => importsOf(file).map((target) => [file, target] as const))
    .filter(([, target]) => !others.includes(target.split('/')[0] ?? ''));
  expect(wrong).toEqual([]);
});

test('of the command line only what composes it knows the drivers', () => {
  const knowing = files
    .filter((file) => file.startsWith('cli/') && importsOf(file).some((target) => target.startsWith('drivers/')))
    .toSorted();
  expect(knowing).toEqual(['cli/compose-doctor.ts', 'cli/compose.ts']);
});

function importsOf(file: string): readonly string[] {
  const text = readFileSync(path.join(src, file), 'utf8');
  const relative = [...text.matchAll(/(?:from|import\() ?'(\.[^']+)'/g)].map(([, target = '']) => target);
  return relative.map((target) => path.relative(src, path.resolve(src, path.dirname(file), target)));
}
