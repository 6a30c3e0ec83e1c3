import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../lab/paths.ts';
import { build } from '../../src/cli/program.ts';
import { exitCodes } from '../../src/core/failure.ts';
import { brokenLinks, page, tables } from './markdown.ts';

const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...docs.map((name) => join('docs', name)),
  'examples/node/README.md',
  'examples/spring-boot/README.md',
];
const commands = build(() => {}).commands.map((command) => command.name());

describe.each([
  ['README.md', 'README.ko.md'],
  ['docs/getting-started.md', 'docs/getting-started.ko.md'],
])('%s and %s', (english, korean) => {
  const [a, b] = [page(english), page(korean)];

  test('have the same headings, tables and pictures', () => {
    expect(b.headings).toEqual(a.headings);
    expect(tables(b)).toEqual(tables(a));
    expect(b.images).toEqual(a.images);
  });

  test('have the same code, letter by letter', () => {
    expect(b.blocks).toEqual(a.blocks);
  });
});

describe.each(['README.md', 'README.ko.md'])('%s', (path) => {
  const { text } = page(path);

  test.each([...commands, 'help'])('tells of cutover %s', (command) => {
    expect(text).toContain(`\`cutover ${command}`);
  });

  test('tells of no command that is not there', () => {
    const told = [...text.matchAll(/`cutover ([a-z]+)/g)].map(([, command]) => command);
    expect(new Set(told)).toEqual(new Set([...commands, 'help']));
  });

  test.each(Object.values(exitCodes))('tells of exit code %i', (code) => {
    expect(text).toMatch(new RegExp(`^\\| ${code} \\|`, 'm'));
  });
});

test.each(pages)('every link of %s leads somewhere', (path) => {
  expect(brokenLinks(page(path))).toEqual([]);
});

test('every script that the READMEs name is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  const told = ['README.md', 'CONTRIBUTING.md'].flatMap((path) => [...page(path).text.matchAll(/npm run ([a-z]+)/g)]);
  expect(told.map(([, script = '']) => script).filter((script) => !(script in scripts))).toEqual([]);
});
