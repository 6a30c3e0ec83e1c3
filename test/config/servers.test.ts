import { describe, expect, it } from 'vitest';
import { configFor, nameOf } from '../../src/config/servers.ts';
import { configWith, mistakesWith } from './support.ts';

describe('servers', () => {
  it('none means this machine', () => {
    expect(configWith('').servers).toEqual([]);
  });

  it.each([
    ['shop1', 'shop1'],
    ['deploy@shop1.example.com', 'shop1.example.com'],
    ['ssh://deploy@shop1:2222', 'shop1'],
    ['ssh://deploy@[2001:db8::1]:22', '[2001:db8::1]'],
    ['10.0.0.7', '10.0.0.7'],
  ])('%s is called %s', (address, name) => {
    expect(nameOf(address)).toBe(name);
    expect(configWith(`server: ${JSON.stringify(address)}`).servers).toEqual([{ name, address, role: undefined }]);
  });

  it.each([
    '-oProxyCommand=id',
    'shop1 id',
    'a@b@c',
    '$(id)',
    "shop'",
    'shop;id',
    'shop1:2222',
    '',
    '@shop1',
    'ssh://',
  ])('refuses %j, which ssh or a shell could take for something else', (address) => {
    expect(mistakesWith(`server: ${JSON.stringify(address)}`)).toHaveLength(1);
  });

  it('tells a server that is named twice', () => {
    expect(mistakesWith('servers: [shop1, deploy@shop1]')).toEqual(['3:18 servers[1]: names shop1 a second time']);
    expect(mistakesWith('roles: {web: [a, b], worker: [b]}')[0]).toContain('names b a second time');
  });

  it('have no slot, port or artifact that a hook around their turn could be told', () => {
    const mistake = (rollout: string) => mistakesWith(`servers: [a, b]\nrollout: {${rollout}}`)[0];
    expect(mistake('before_server: "drain {port}"')).toContain(
      'unknown placeholder "{port}" (there are {server}, {release})',
    );
    expect(mistake("after_server: {run: 'x {artifact} ${port}', shell: true}")).toContain('"{artifact}"');
    expect(mistake("after_server: {run: 'x {server} ${port}', shell: true}")).toBeUndefined();
  });

  it('tells when the servers are said in two ways', () => {
    expect(mistakesWith('server: a\nservers: [b]')[0]).toContain('says the servers again: server does already');
  });

  it('tells a path of the server that begins nowhere', () => {
    expect(mistakesWith('server: a\nstate: here')[0]).toContain('is a path on the server, so it must begin with "/"');
    expect(mistakesWith('state: here')).toEqual([]);
  });
});

describe('roles', () => {
  const text =
    'roles:\n  web: [a, b]\n  worker:\n    servers: c\n    run: java -jar {artifact} work\n    env: {MODE: work}\n';

  it('have the whole file in common, and what they say of their own', () => {
    const config = configWith(`env: {MODE: web}\n${text}`);
    expect(config.servers.map(({ name, role }) => [name, role])).toEqual([
      ['a', 'web'],
      ['b', 'web'],
      ['c', 'worker'],
    ]);
    const [web, , worker] = config.servers.map((server) => configFor(config, server));
    expect([web?.env, worker?.env]).toEqual([{ MODE: 'web' }, { MODE: 'work' }]);
    expect([web?.router.mode, worker?.router.mode]).toEqual(['managed', 'none']);
    expect(worker?.run?.argv).toEqual(['java', '-jar', '{artifact}', 'work']);
    expect(worker?.server?.name).toBe('c');
  });

  it('a worker without a front door keeps no second one at work', () => {
    const config = configWith(text);
    expect(config.standby).toBe('keep');
    expect(config.roles['worker']?.standby).toBe(0);
  });

  it('a worker with a front door is like any other', () => {
    expect(configWith('roles: {worker: {servers: a, router: {mode: managed}}}').roles['worker']?.router.mode).toBe(
      'managed',
    );
  });

  it('tell a mistake at its place', () => {
    expect(mistakesWith('roles: {web: {servers: [a], grace: soon}}')[0]).toMatch(/^3:\d+ roles\.web\.grace: /);
    expect(mistakesWith('roles: {web: {servers: [a], nonsense: 1}}')[0]).toContain('unknown key "nonsense"');
    expect(mistakesWith('roles: {web: {servers: [a], state: /x}}')[0]).toContain('state is the same for all roles');
    expect(mistakesWith('roles: {web: []}')[0]).toContain('roles.web');
  });
});

describe('rollout', () => {
  it('reads waves as numbers and shares', () => {
    expect(configWith('servers: [a]\nrollout: {waves: [one, 2, 25%]}').rollout.waves).toEqual([
      { count: 1 },
      { count: 2 },
      { percent: 25 },
    ]);
  });

  it.each(['0', '101%', '0%', 'two', '-1', '1.5'])('refuses a wave of %s', (wave) => {
    expect(mistakesWith(`servers: [a]\nrollout: {waves: [${wave}]}`)).toHaveLength(1);
  });
});
