import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { Failure } from '../../src/core/failure.ts';

/** What ends a word, a directive or a block in nginx, or begins a comment, a quote or a variable. */
const breaksOut = /[\s;{}"'`\\$#\p{Cc}\u2028\u2029]/u;

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      'a',
      '/',
      '.',
      '..',
      ';',
      '{',
      '}',
      '"',
      "'",
      '$',
      '\\',
      '\n',
      ' ',
      '#',
      '*',
      '-',
      ':',
      '8',
      '_',
      '\u2028',
      '\0',
      'é',
    ),
  }),
  fc.stringMatching(/^[a-z/.:0-9-]{1,12}$/),
  fc.stringMatching(/^[a-z/.]{1,8}[;{}"'$\\\n\r #]?[a-z/.]{0,8}$/),
);

function accepted(settings: object): Config | undefined {
  try {
    return parseConfig('/srv/shop/cutover.yaml', stringify({ app: 'shop', artifact: 'a.jar', ...settings }));
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

describe('no accepted value breaks out of a configuration of nginx', () => {
  const cases: [string, (value: string) => object, (config: Config) => (string | undefined)[]][] = [
    ['app', (app) => ({ app }), ({ app, state }) => [app, state]],
    ['domain', (domain) => ({ domain }), ({ domains }) => [...domains]],
    ['state', (state) => ({ state }), ({ state }) => [state]],
    ['router.conf', (conf) => ({ router: { conf } }), ({ router }) => [router.conf]],
    ['router.sites', (sites) => ({ router: { sites } }), ({ router }) => [router.sites]],
    ['router.prefix', (prefix) => ({ router: { prefix } }), ({ router }) => [router.prefix]],
    ['router.pid', (pid) => ({ router: { pid } }), ({ router }) => [router.pid]],
    ['router.include', (include) => ({ router: { mode: 'adopted', include } }), ({ router }) => [router.include]],
    ['router.variable', (variable) => ({ router: { mode: 'adopted', variable } }), ({ router }) => [router.variable]],
    ['router.listen', (listen) => ({ router: { listen } }), ({ router }) => [...router.listen]],
    ['router.max_body', (max) => ({ router: { max_body: max } }), ({ router }) => [router.maxBody]],
    ['router.front_door', (door) => ({ router: { front_door: door } }), ({ router }) => [router.frontDoor]],
    [
      'router.tls',
      (path) => ({ router: { tls: { certificate: path, key: path } } }),
      ({ router }) => [router.tls?.certificate, router.tls?.key],
    ],
    ['user', (user) => ({ user }), ({ user }) => [user?.replace(/\$$/, '')]],
  ];

  it.each(cases)('%s', (_, settings, values) => {
    fc.assert(
      fc.property(hostile, (value) => {
        const config = accepted(settings(value));
        for (const each of config === undefined ? [] : values(config)) {
          expect(each ?? '').not.toMatch(breaksOut);
          expect((each ?? '').split('/')).not.toContain('..');
        }
      }),
      { numRuns: 300 },
    );
  });
});

it('no text makes the reader fail in a way that was not foreseen', () => {
  const line = fc.tuple(
    fc.constantFrom('app', 'artifact', 'run', 'slots', 'health', 'env', 'router', 'hooks', 'x', '- a', '  b', '? c'),
    fc.constantFrom(':', ': ', ' '),
    hostile,
  );
  const lines = fc.array(line, { maxLength: 6 }).map((all) => all.map((parts) => parts.join('')).join('\n'));
  fc.assert(
    fc.property(fc.oneof(hostile, lines), (text) => {
      expect(() => parseConfig('/srv/cutover.yaml', text)).toThrow(Failure);
    }),
    { numRuns: 500 },
  );
});

it('no value of any type makes the reader fail in a way that was not foreseen', () => {
  const keys = fc.constantFrom(
    'domain',
    'run',
    'shell',
    'slots',
    'health',
    'env',
    'router',
    'upstream',
    'hooks',
    'memory',
    'standby',
    'grace',
    'log_size',
    'blue',
    'port',
    'tls',
    'listen',
    'status',
    'command',
    'activate',
    'deadline',
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, true, 0, -1, 8081, 1e300, '', '5s', 'x'),
      hostile,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(keys, tie('value'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(keys, value), (settings) => void accepted(settings)),
    { numRuns: 500 },
  );
});
