import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { Failure } from '../../src/core/failure.ts';
import {
  adoptedInclude,
  adoptedUpstreams,
  classicInclude,
  managedSite,
  type SiteFacts,
} from '../../src/drivers/router/nginx/site.ts';
import { structureOf } from '../support/nginx-text.ts';

const special = fc.constantFrom(
  ';',
  '{',
  '}',
  '"',
  "'",
  '$',
  '\\',
  '\n',
  '\r',
  '\t',
  ' ',
  '#',
  '${x}',
  '*',
  '~',
  '..',
  '\0',
  '\u2028',
  'é',
  '%',
  '&',
  '?',
  '=',
  ',',
  '@',
  '+',
  '(',
  ')',
);
const tame = fc.constantFrom('a', 'b', '/', '.', '-', '_', ':', '8', '0');
const hostile = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .array(fc.oneof({ weight: 8, arbitrary: tame }, special), { maxLength: 10 })
      .map((parts) => parts.join('')),
  },
  {
    weight: 3,
    arbitrary: fc
      .array(fc.oneof({ weight: 8, arbitrary: tame }, special), { maxLength: 10 })
      .map((parts) => `/${parts.join('')}`),
  },
  fc.string({ unit: 'binary' }),
);

/** Where a value goes, and one that is harmless there. */
const places: readonly [name: string, settings: (value: string) => object, harmless: string][] = [
  ['app', (app) => ({ app }), 'shop'],
  ['domain', (domain) => ({ domain }), 'a.example.com'],
  ['state', (state) => ({ state }), '/srv/x'],
  ['health.path', (path) => ({ health: { path } }), '/x'],
  ['router.listen', (listen) => ({ router: { listen } }), '8080'],
  ['router.max_body', (size) => ({ router: { max_body: size } }), '1m'],
  ['router.variable', (variable) => ({ router: { mode: 'adopted', variable } }), 'x'],
  ['router.include', (include) => ({ router: { mode: 'classic', include } }), '/x'],
  ['router.tls', (file) => ({ router: { tls: { certificate: file, key: file } } }), '/x'],
];

it.each(places)('no value of %s that is accepted changes the structure of a file of nginx', (_, settings, harmless) => {
  const expected = filesOf(accepted(settings(harmless))).map(structureOf);
  let taken = 0;
  fc.assert(
    fc.property(hostile, (value) => {
      const config = read(settings(value));
      if (!config) return;
      taken += 1;
      expect(filesOf(config).map(structureOf)).toEqual(expected);
    }),
    { numRuns: 3000 },
  );
  expect(taken).toBeGreaterThan(0);
});

it('a value that did break out would be seen', () => {
  const config = accepted({});
  const broken = { ...config, domains: ['a; return 200'], state: '/x; }' };
  expect(structureOf(managedSite(broken, factsOf(broken)))).not.toBe(structureOf(managedSite(config, factsOf(config))));
});

function filesOf(config: Config): readonly string[] {
  const facts = factsOf(config);
  return [
    managedSite(config, facts),
    adoptedUpstreams(config),
    adoptedInclude(config, facts),
    classicInclude(config, facts, 'green'),
  ];
}

function factsOf({ state }: Config): SiteFacts {
  return {
    traffic: `${state}/traffic`,
    token: '00',
    http2Directive: true,
    keepaliveMinTimeout: true,
    log: `${state}/access.log`,
  };
}

function accepted(settings: object): Config {
  return parseConfig('/srv/cutover.yaml', stringify({ app: 'shop', artifact: 'a.jar', ...settings }));
}

function read(settings: object): Config | undefined {
  try {
    return accepted(settings);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
