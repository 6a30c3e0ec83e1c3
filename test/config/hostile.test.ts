import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { mistakesIn, mistakesWith } from './support.ts';

describe('values that could break out are refused', () => {
  it.each(['Shop', '1shop', 'shop_1', 'shop;', 'a'.repeat(42), '../x', '""', 'shop\\n', '샵'])('app %s', (app) => {
    expect(mistakesIn(`app: "${app.replaceAll('"', '')}"\nartifact: a.jar`)).toEqual([
      expect.stringContaining('1:6 app: must be small letters'),
    ]);
  });

  it.each([
    'a b',
    'a;b',
    'a{b',
    "a'b",
    'a\\nb',
    'a_b',
    '-a.b',
    'a..b',
    'a.',
    '*',
    '*.',
    'a.*.b',
    'a'.repeat(64),
    'http://a.b',
    'a.b/c',
    'a.b:80',
    '$host',
    '~^a',
  ])('domain %s', (domain) => {
    expect(mistakesWith(`domain: ["${domain}"]`)).toEqual([expect.stringContaining('3:10 domain[0]: must be ')]);
  });

  it('a domain in letters of a language, with its punycode', () => {
    expect(mistakesWith('domain: 한글.kr')).toEqual(['3:9 domain: must be written in punycode: xn--bj0bj06e.kr']);
  });

  it.each([
    '/a b',
    '/a;b',
    '/a{b',
    '/a}b',
    "/a'b",
    '/a\\"b',
    '/a$b',
    '/a\\\\b',
    '/a\\nb',
    '/a/../b',
    '..',
    '../a',
    '/a/..',
    '/a#b',
    '/a*b',
    '/a\\u0000b',
    '/a\\u2028b',
    '~/a',
    '',
  ])('path %j', (path) => {
    for (const key of [
      'state: P',
      'router: {conf: P}',
      'router: {sites: P}',
      'router: {prefix: P}',
      'router: {pid: P}',
      'router: {binary: P}',
      'router: {mode: adopted, include: P}',
      'router: {tls: {certificate: P, key: /k}}',
      'router: {tls: {certificate: /c, key: P}}',
    ]) {
      expect(mistakesWith(key.replace('P', `"${path}"`)), key).toEqual([
        expect.stringContaining('must be a path of letters, digits and'),
      ]);
    }
  });

  it('a good relative path in a folder that nginx could misread', () => {
    const attempt = () => parseConfig('/home/me/my shop;/cutover.yaml', 'app: a\nartifact: a.jar\nstate: data\n');
    expect(attempt).toThrow(
      expect.objectContaining({
        fields: expect.objectContaining({
          why: expect.stringContaining('3:8 state: is "/home/me/my shop;/data"'),
        }),
      }),
    );
  });

  it.each([
    'user: "a b"',
    'user: Root',
    'user: "-x"',
    'user: a;b',
    'router: {mode: adopted, variable: $x}',
    'router: {mode: adopted, variable: a-b}',
    'router: {max_body: 10q}',
    'router: {max_body: "1m;"}',
    'router: {listen: 0}',
    'router: {listen: 65536}',
    'router: {listen: "80 ssl"}',
    'router: {listen: "300.1.1.1:80"}',
    'router: {listen: "[::g]:80"}',
    'router: {listen: "[:]:80"}',
    'router: {listen: "unix:/x"}',
    'router: {listen: "80;"}',
    'router: {front_door: "127.0.0.1:80"}',
    'router: {front_door: "http://a;b"}',
    'router: {front_door: "http://a/b"}',
    'router: {front_door: "http://u@a"}',
    'router: {front_door: "http://a:99999"}',
    'health: {header: {"a b": c}}',
    'health: {header: {a: "b\\nc"}}',
    'health: {path: "/a b"}',
    'health: {path: "/a\\r\\nb"}',
    'health: {path: a}',
    'health: {path: "/ä"}',
    'env: {"A B": c}',
    'env: {A=B: c}',
    'env: {A: "\\0"}',
    'env: {A: [b]}',
    'env: {A: }',
    'env_file: "a\\nb"',
    'env_file: ~/x',
    'slots: {blue: 80.5}',
    'slots: {blue: "8081"}',
    'keep: 0',
  ])('%j', (text) => {
    expect(mistakesWith(text)).toHaveLength(1);
  });

  it('a dotted name in env, with the name that Spring Boot understands', () => {
    expect(mistakesWith('env: {spring.profiles.active: prod}')).toEqual([
      '3:7 env: the name "spring.profiles.active" must be letters, digits and "_" (did you mean "SPRING_PROFILES_ACTIVE"?)',
    ]);
  });
});

it.each(['http://127.0.0.1:80', 'https://shop.example.com', 'http://[::1]:8080', 'http://localhost/'])(
  'the front door %s is accepted',
  (url) => {
    expect(mistakesWith(`router: {front_door: "${url}"}`)).toEqual([]);
  },
);
