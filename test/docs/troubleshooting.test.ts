import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../lab/paths.ts';
import { page } from './markdown.ts';

/** Words in capitals that are not codes of failures. */
const others = new Set([
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGKILL',
  'EEXIST',
  'ENOENT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EPERM',
  'PATH',
  'PORT',
  'NO_COLOR',
]);

const quoted = /'([A-Z][A-Z_]{2,})'/g;
const codes = codesInSources();
const { text } = page('docs/troubleshooting.md');
const documented = [...text.matchAll(/^### `([A-Z_]+)`/gm)].map(([, code = '']) => code);

test('there are codes to document', () => {
  expect(codes.length).toBeGreaterThan(40);
});

test.each(codes)('%s is in docs/troubleshooting.md', (code) => {
  expect(documented).toContain(code);
});

test('docs/troubleshooting.md has no code that is not in the sources, and none twice', () => {
  expect(documented.toSorted()).toEqual([...new Set(documented)].filter((code) => codes.includes(code)).toSorted());
});

/** A code is a quoted word in capitals beside `code:`, or the first argument of a helper that makes a failure. */
function codesInSources(): readonly string[] {
  const names = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const text = names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
    .join('\n');
  const beside = [...text.matchAll(/\bcode: ([^\n]*)/g)].flatMap(([, rest = '']) => [...rest.matchAll(quoted)]);
  const passed = [...text.matchAll(/(?:refused|failure|Failure)\(\s*'([A-Z][A-Z_]+)'/g)];
  const all = [...beside, ...passed].map(([, code = '']) => code);
  return [...new Set(all)].filter((code) => !others.has(code)).toSorted();
}
