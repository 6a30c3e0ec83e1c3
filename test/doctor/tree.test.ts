import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { checks } from '../../src/doctor/checks.ts';
import { parseDirectives, walk } from '../../src/doctor/nginx/directive.ts';
import { inForce, inForceAll, passesOf } from '../../src/doctor/nginx/scope.ts';
import { readTree } from '../../src/doctor/nginx/tree.ts';
import { localHost } from '../../src/drivers/host/local.ts';

const read = (text: string) => parseDirectives(text, 'nginx.conf');

test('quotes, comments and escapes are no punctuation', () => {
  const found = read(`a "x; { y" 'z }'; # b c;\nd \${name}/p http://\${v}/q;\n  e { f \\; g; }`);
  expect(found.map(({ name, words, line }) => [name, words, line])).toEqual([
    ['a', ['x; { y', 'z }'], 1],
    ['d', ['${name}/p', 'http://${v}/q'], 2],
    ['e', [], 3],
  ]);
  expect(found[2]?.inside[0]?.words).toEqual(['\\;', 'g']);
});

test('a torn file is read as far as it goes', () => {
  expect(
    walk(read('http { server { listen 80; location / { proxy_pass $u')).map(({ directive }) => directive.name),
  ).toEqual(['http', 'server', 'listen', 'location']);
  expect(read('} } ; ;')).toEqual([]);
});

test('a block that sets a header inherits none, and a value is that of the innermost block', () => {
  const tree = read(
    'http { open_file_cache max=1; server { proxy_set_header A 1; open_file_cache off; location / { proxy_set_header B 2; proxy_pass $service_url; } } }',
  );
  const [pass] = passesOf(tree, 'service_url');
  expect(pass && inForceAll(pass, 'proxy_set_header').map(({ words }) => words[0])).toEqual(['B']);
  expect(pass && inForce(pass, 'open_file_cache')?.words).toEqual(['off']);
  expect(passesOf(tree, 'service')).toEqual([]);
});

test('includes are followed from the main file’s folder, patterns within one folder, circles not for ever', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cutover-tree-'));
  mkdirSync(path.join(folder, 'conf.d', 'deeper'), { recursive: true });
  writeFileSync(path.join(folder, 'nginx.conf'), 'http { include conf.d/*.conf; include missing.conf; }');
  writeFileSync(path.join(folder, 'conf.d', 'b.conf'), 'server { include nginx.conf; }');
  writeFileSync(path.join(folder, 'conf.d', 'a.conf'), 'first on;');
  writeFileSync(path.join(folder, 'conf.d', '.hidden.conf'), 'hidden on;');
  writeFileSync(path.join(folder, 'conf.d', 'deeper', 'c.conf'), 'deeper on;');
  const { directives, unread } = await readTree(localHost(), path.join(folder, 'nginx.conf'));
  const names = walk(directives).map(({ directive }) => directive.name);
  expect(names.slice(0, 4)).toEqual(['http', 'include', 'first', 'server']);
  expect(names).not.toContain('hidden');
  expect(names).not.toContain('deeper');
  expect(unread).toEqual([]);
  rmSync(folder, { recursive: true });
});

test('every trap that is known is looked for, each check under a name of its own', () => {
  const traps = new Set(checks.flatMap(({ trap }) => trap ?? []));
  expect([...traps].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 23 }, (_, index) => index + 1));
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  expect(checks.filter(({ title }) => title.length > 20)).toEqual([]);
});
