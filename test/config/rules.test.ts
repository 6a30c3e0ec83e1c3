import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { configWith, mistakesIn, mistakesWith } from './support.ts';

describe('what contradicts itself is refused', () => {
  it.each([
    ['slots: {blue: 8082}', 'slots.green: must be another port than slots.blue'],
    ['router: {listen: "127.0.0.1:8081"}', 'router.listen: 127.0.0.1:8081 is a port of the application (slots)'],
    [
      'router: {tls: {certificate: /c, key: /k, listen: 8082}}',
      'router.tls.listen: 8082 is a port of the application (slots)',
    ],
    ['router: {listen: []}', 'router.listen: needs at least one address without router.tls'],
    ['router: {listen: [80, "*:80"]}', 'router.listen: names *:80 a second time'],
    ['router: {listen: 443, tls: {certificate: /c, key: /k}}', 'router.tls.listen: names 443 a second time'],
    ['router: {tls: {certificate: /c, key: /k, listen: []}}', 'router.tls.listen: needs at least one address'],
    ['router: {include: /x.inc}', 'router: include has no effect with mode managed: it is for adopted or classic'],
    ['router: {mode: classic, max_body: 1m}', 'router: max_body has no effect with mode classic: it is for managed'],
    [
      'router: {container: edge, sites: sites}',
      'router.sites: is a path inside router.container, so it must begin with "/"',
    ],
    ['router: {container: "-x"}', 'router.container: must be letters, digits and _ . - only'],
    ['router: {mode: l4, container: edge}', 'router: container has no effect with mode l4: it is for nginx'],
    ['health: {tcp: true, path: /x}', 'health.path: cannot be used together with health.tcp'],
    ['health: {command: check, status: 200}', 'health.status: cannot be used together with health.command'],
    ['health: {command: check, tcp: true}', 'health.command: cannot be used together with health.tcp'],
    [
      'health: {command: "check {release}"}',
      'health.command: unknown placeholder "{release}" (there are {port}, {slot}, {server})',
    ],
    [
      'watch: {metrics: [{name: x, max: 1, url: "ftp://127.0.0.1:{port}/"}]}',
      'watch.metrics[0].url: must be an http:// or https:// address',
    ],
    ['health: {timeout: 3s, deadline: 2s}', 'health.timeout: must not be longer than health.deadline'],
    ['shell: true', 'shell: is only for a line in run'],
    ['env: {SERVER_PORT: 8080}', 'env.SERVER_PORT: cutover gives each slot its own port: set it in slots'],
    ['env: {PORT: 8080}', 'env.PORT: cutover gives each slot its own port: set it in slots'],
    ['env: {CUTOVER_SLOT: blue}', 'env.CUTOVER_SLOT: names that begin with CUTOVER_ are set by cutover'],
  ])('%j', (text, mistake) => {
    expect(mistakesWith(text).map((line) => line.replace(/^\S+ /, ''))).toEqual([mistake]);
  });

  it('though HTTPS alone is fine', () => {
    expect(mistakesWith('router: {listen: [], tls: {certificate: /c, key: /k}}')).toEqual([]);
  });
});

describe('slots with addresses of their own', () => {
  const file = (more: string) =>
    parseConfig(
      '/srv/cutover.yaml',
      `app: shop\nartifact: shop:1\nruntime: docker\ncontainer: { port: 8080, network: n, addresses: { blue: 10.0.0.1, green: 10.0.0.2 } }\n${more}`,
    );

  it('need no port of this machine', () => {
    const { slots, container } = file('');
    expect(container.published).toBe(false);
    expect(slots).toEqual({ blue: 8080, green: 8080 });
  });

  it('have the one that is given', () => {
    const { slots, container } = file('slots: { blue: 9001 }\n');
    expect(container.published).toBe(true);
    expect(slots).toEqual({ blue: 9001, green: 8082 });
  });
});

it('an application that is not a jar must say how it is started', () => {
  expect(mistakesIn('app: a\nartifact: .\n')).toEqual([
    'cutover.yaml:2:11 artifact: is not a jar, so say how it is started: run: [program, "{artifact}"]',
  ]);
});

it.each([
  ['shift: [5, 1, 100]', 'must grow'],
  ['shift: [1, 5]', 'must end with 100'],
  ['shift: [1, 100]\nrouter: { mode: classic }', 'needs router.mode managed, adopted or l4'],
  ['preview: {}\nrouter: l4', 'needs router.mode managed or adopted'],
  ['warmup: { replay: 5 }\nrouter: { mode: adopted }', 'needs router.mode managed'],
  ['watch: { metrics: [{ name: queue, command: ./q }] }', 'needs max or min'],
  ['watch: { metrics: [{ name: queue, max: 5 }] }', 'needs one of command, url and prometheus'],
])('%j is refused', (text, words) => {
  expect(mistakesIn(`app: a\nartifact: a.jar\n${text}\n`).join('\n')).toContain(words);
});

it('writes host names in small letters', () => {
  const { domains } = configWith('domain: [Shop.Example.com, "*.shop.example.com"]');
  expect(domains).toEqual(['shop.example.com', '*.shop.example.com']);
});
