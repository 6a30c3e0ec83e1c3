import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { root } from '../../lab/paths.ts';
import { build } from '../../src/cli/program.ts';
import { page } from './markdown.ts';

const recipes = ['github-actions.yml', 'gitlab-ci.yml', 'Jenkinsfile'];
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const pages = ['README.md', ...docs.map((name) => join('docs', name))];
const commands = build(() => {}).commands;
const names = commands.map((command) => command.name()).join('|');

test.each(pages)('%s has only commands and options that there are', (path) => {
  expect(callsIn(path).flatMap(unknownIn)).toEqual([]);
});

describe.each(recipes)('examples/ci/%s', (name) => {
  const text = recipe(name);

  test('deploys, once, with options that there are', () => {
    const calls = knownCalls(text);
    expect(calls).toEqual([expect.stringMatching(/^deploy /)]);
    expect(calls.flatMap(unknownIn)).toEqual([]);
  });

  test('is on the page about CI', () => {
    expect(page('docs/ci.md').text).toContain(`](../examples/ci/${name})`);
  });
});

test.each(recipes.filter((name) => name.endsWith('.yml')))('examples/ci/%s is YAML without a mistake', (name) => {
  const { errors, warnings } = parseDocument(recipe(name));
  expect([...errors, ...warnings]).toEqual([]);
});

test('the page about CI shows the recipes letter by letter', () => {
  const shown = page('docs/ci.md').blocks.map((block) => block.replace(/^.*\n/, '').replace(/```$/, ''));
  expect(shown).toEqual(expect.arrayContaining(recipes.map(recipe)));
});

function recipe(name: string): string {
  return readFileSync(join(root, 'examples/ci', name), 'utf8');
}

/** In code inside a sentence, and in blocks: what is typed, and what a file of the user calls. */
function callsIn(path: string): readonly string[] {
  const { text, blocks } = page(path);
  const inline = [...text.matchAll(/`"?(?:sudo )?cutover ([^`\n]+)`/g)].map(([, call = '']) => call);
  const block = blocks.join('\n');
  const typed = [...block.matchAll(/^(?:\$ )?(?:sudo )?cutover ([a-z].*)$/gm)].map(([, call = '']) => call);
  return [...inline, ...typed, ...knownCalls(block)];
}

function knownCalls(text: string): readonly string[] {
  const written = text.replaceAll(/^\s*(?:#|\/\/).*$/gm, '');
  const calls = written.matchAll(new RegExp(`(?<=[\\s/'\`"])cutover"? ((?:${names})\\b.*)$`, 'gm'));
  return [...calls].map(([, call = '']) => call);
}

/** Words like options that the command does not know; all of it, if there is no such command. */
function unknownIn(call: string): readonly string[] {
  const [alone = ''] = call.replaceAll(/"[^"]*"/g, 'WORD').split(/[`'|;]/);
  const [name, ...words] = alone.split(' ');
  if (name === 'help' || name === '--version') return [];
  const command = commands.find((one) => one.name() === name);
  const known = command?.options.flatMap(({ short, long }) => [short, long]);
  const given = words.filter((word) => /^--?[a-z]/i.test(word));
  return known ? given.filter((word) => !known.includes(word)) : [call];
}
