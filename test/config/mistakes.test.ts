import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { Failure } from '../../src/core/failure.ts';
import { mistakesIn, mistakesWith } from './support.ts';

describe('every mistake is shown at its place', () => {
  it('an unknown key, with what was meant', () => {
    expect(mistakesIn('app: shop\nartifact: a.jar\nslots:\n  green: {prot: 8082}\n')).toEqual([
      'cutover.yaml:4:11 slots.green: unknown key "prot" (did you mean "port"?)',
    ]);
  });

  it.each([
    ['envFile: .env', '3:1 unknown key "envFile" (did you mean "env_file"?)'],
    ['helth: {}', '3:1 unknown key "helth" (did you mean "health"?)'],
    ['path: /x', '3:1 unknown key "path" (it belongs under "health")'],
    ['health: {env_file: .env}', '3:10 health: unknown key "env_file" (it belongs at the top of the file)'],
    ['zzzzzz: 1', '3:1 unknown key "zzzzzz"'],
    ['health:\n  deadlin: 1s', '4:3 health: unknown key "deadlin" (did you mean "deadline"?)'],
    ['hooks: {activate: {runn: x}}', '3:20 hooks.activate: unknown key "runn" (did you mean "run"?)'],
    ['__proto__: {a: 1}', '3:1 unknown key "__proto__"'],
    ['env: {__proto__: x}', '3:7 env: unknown key "__proto__"'],
  ])('the key in %j', (text, mistake) => {
    expect(mistakesWith(text)).toEqual([mistake]);
  });

  it.each([
    [
      'router: {mode: managd}',
      '3:16 router.mode: must be managed, adopted, classic, l4 or none (did you mean "managed"?)',
    ],
    ['router: {listen: [-1]}', '3:19 router.listen[0]: must be a whole number from 1 to 65535'],
    ['runtime: podman', '3:10 runtime: must be auto, process, systemd or docker'],
    ['health:\n  status: [200, 999]', '4:17 health.status[1]: must be a whole number from 100 to 599'],
    ['health: fast', '3:9 health: must be a map (key: value)'],
    ['keep: many', '3:7 keep: must be a whole number from 1 to 1000'],
    ['user:', '3:1 user: has no value'],
    ['router:\n  tls:\n    key: /k', '4:3 router.tls.certificate: is missing'],
    ['grace: 5 s', '3:8 grace: must be a time such as 500ms, 30s, 5m, 1h, or a number of seconds'],
    ['grace: 30d', '3:8 grace: must be at most 24d'],
    ['health: {interval: 0}', '3:20 health.interval: must be at least 1ms'],
    ['log_size: big', '3:11 log_size: must be a size such as 64k, 512M, 1g, or a number of bytes'],
    ['log_size: 10', '3:11 log_size: must be at least 4096 bytes'],
    ['standby: kep', '3:10 standby: must be keep, none, or a time such as 10m'],
  ])('the value in %j', (text, mistake) => {
    expect(mistakesWith(text)).toEqual([mistake]);
  });

  it('a missing field, at the map that lacks it', () => {
    expect(mistakesIn('domain: a.example\n')).toEqual([
      'cutover.yaml:1:1 app: is missing',
      'cutover.yaml:1:1 artifact: is missing',
    ]);
  });

  it('a key that is there twice', () => {
    expect(mistakesWith('user: a\nuser: b')).toEqual(['4:1 the key "user" is there twice']);
  });

  it('what is not YAML', () => {
    expect(mistakesIn('app: [a')[0]).toMatch(/^cutover\.yaml:1:8 /);
    expect(mistakesWith('run: {artifact} --port {port}')).toEqual([
      expect.stringMatching(/^3:17 .*put a value that begins with "\{" in quotes/),
    ]);
    expect(mistakesWith('user: !!js/function x')[0]).toMatch(/^3:7 /);
    expect(mistakesWith('---\napp: b')).toHaveLength(1);
  });

  it('a file without anything in it', () => {
    expect(mistakesIn('# nothing\n')).toEqual([
      'cutover.yaml:1:1 the file is empty; it needs at least app and artifact',
    ]);
    expect(mistakesIn('- a\n')).toEqual(['cutover.yaml:1:1 must be a map (key: value)']);
  });

  it('more aliases than anybody needs', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      'b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]',
      'c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]',
      'd: [*c, *c, *c, *c]',
    ];
    expect(mistakesIn(bomb.join('\n'))).toEqual([expect.stringMatching(/^cutover\.yaml:1:1 /)]);
    expect(mistakesWith('env: &e {A: *e}').length).toBeGreaterThan(0);
  });
});

it('all mistakes are told at once, sorted by their place', () => {
  const mistakes = mistakesIn(
    'app: Shop\nslots: {blue: 0, green: {prot: 1}}\nrun: node {prot}\nhealth: {path: x}\nrouter: {listen: [8082, x]}\n',
  );
  expect(mistakes.map((line) => /^cutover\.yaml:(\S+) (\S+):/.exec(line)?.slice(1).join(' '))).toEqual([
    '1:1 artifact',
    '1:6 app',
    '2:15 slots.blue',
    '2:26 slots.green',
    '3:6 run',
    '4:16 health.path',
    '5:19 router.listen[0]',
    '5:25 router.listen[1]',
  ]);
});

it('the failure has the code and the exit status of a configuration mistake', () => {
  const attempt = () => parseConfig('/srv/cutover.yml', 'app: Shop\nartifact: ""\n');
  expect(attempt).toThrow(Failure);
  try {
    attempt();
  } catch (error) {
    expect(error).toMatchObject({
      exit: 3,
      fields: { code: 'CONFIG_INVALID', what: 'cutover.yml has 2 mistakes' },
    });
  }
});
