import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { configWith } from './support.ts';

const defaults: Config = {
  file: '/srv/shop/cutover.yaml',
  app: 'shop',
  server: undefined,
  servers: [],
  roles: {},
  rollout: {
    waves: [{ count: 1 }, { percent: 100 }],
    watch: 10_000,
    onFailure: 'back',
    beforeServer: undefined,
    afterServer: undefined,
  },
  artifactKind: 'path',
  service: undefined,
  container: {
    port: undefined,
    pull: 'auto',
    volumes: [],
    network: undefined,
    addresses: undefined,
    published: true,
    memory: undefined,
    cpus: undefined,
    init: true,
    logFiles: 2,
  },
  artifact: '/srv/shop/build/libs/*.jar',
  domains: ['shop.example.com'],
  state: '/var/lib/cutover/shop',
  run: undefined,
  env: {},
  envFile: undefined,
  user: undefined,
  slots: { blue: 8081, green: 8082 },
  health: {
    kind: 'http',
    path: undefined,
    status: [],
    body: undefined,
    header: {},
    command: [],
    interval: 25,
    timeout: 2000,
    deadline: 100_000,
    successes: 3,
  },
  grace: 35_000,
  drain: 30_000,
  standby: 'keep',
  keep: 5,
  progressive: {
    shift: undefined,
    watch: expect.objectContaining({
      time: 0,
      errors: 0.01,
      slow: 0.1,
      quiet: 'pass',
      metrics: [],
    }) as Config['progressive']['watch'],
    warmup: undefined,
    preview: undefined,
  },
  runtime: 'auto',
  router: {
    mode: 'managed',
    container: undefined,
    binary: 'nginx',
    conf: '/etc/nginx/nginx.conf',
    prefix: undefined,
    sites: undefined,
    pid: '/run/nginx.pid',
    listen: ['80'],
    include: '/etc/nginx/conf.d/service-url.inc',
    variable: 'service_url',
    tls: undefined,
    frontDoor: undefined,
    failover: true,
    maxBody: '0',
    l4: {
      protocol: 'tcp',
      oldConnections: 'wait',
      pools: undefined,
      masquerade: false,
      rise: 2,
      fall: 3,
      rules: '/etc/cutover/shop',
    },
  },
  hooks: {
    beforeStart: undefined,
    afterStart: undefined,
    beforeSwitch: undefined,
    afterSwitch: undefined,
    afterFailure: undefined,
    activate: undefined,
    deactivate: undefined,
  },
  memory: { check: true, needed: undefined },
  logSize: 10 * 1024 * 1024,
  upstream: { server: 'tomcat', keepalive: 32, requests: 90, idle: 4000 },
};

describe('parseConfig', () => {
  it('understands three lines, and fills in every default', () => {
    const text = 'app: shop\nartifact: build/libs/*.jar\ndomain: shop.example.com\n';
    expect(parseConfig('/srv/shop/cutover.yaml', text)).toEqual(defaults);
  });

  it('takes relative paths from the folder of the file', () => {
    const config = configWith(
      'env_file: .env\nstate: data\nrouter: {conf: nginx/nginx.conf, binary: ./nginx, pid: /x.pid}',
    );
    expect(config).toMatchObject({ envFile: '/srv/shop/.env', state: '/srv/shop/data' });
    expect(config.router).toMatchObject({
      conf: '/srv/shop/nginx/nginx.conf',
      binary: '/srv/shop/nginx',
      pid: '/x.pid',
    });
  });

  it('reads times with their unit, and a bare number as seconds', () => {
    expect(configWith('grace: 1.5s\ndrain: 5m\nstandby: 1h\nhealth: {interval: 500ms, timeout: 3}')).toMatchObject({
      grace: 1500,
      drain: 300_000,
      standby: 3_600_000,
      health: { interval: 500, timeout: 3000 },
    });
  });

  it('reads "none" as no standby at all', () => {
    expect(configWith('standby: none').standby).toBe(0);
  });

  it('reads sizes with their unit, and a bare number as bytes', () => {
    expect(configWith('log_size: 512M\nmemory: {needed: 1g, check: false}')).toMatchObject({
      logSize: 512 * 1024 ** 2,
      memory: { check: false, needed: 1024 ** 3 },
    });
    expect(configWith('log_size: 65536').logSize).toBe(65_536);
  });

  it('reads a slot as a port or as a map with a port', () => {
    expect(configWith('slots: {blue: 9001, green: {port: 9002}}').slots).toEqual({
      blue: 9001,
      green: 9002,
    });
  });

  it('keeps texts of env as they were written, though YAML would take them for numbers or booleans', () => {
    const { env } = configWith(
      'env: {VERSION: 1.10, ON: true, OCTAL: 0o17, BIG: 12345678901234567890, "QUOTED": "yes"}',
    );
    expect(env).toEqual({
      VERSION: '1.10',
      ON: 'true',
      OCTAL: '0o17',
      BIG: '12345678901234567890',
      QUOTED: 'yes',
    });
  });

  it('keeps the words of a command as they were written', () => {
    const { run, health, hooks } = configWith(
      'run: [app, 1.10, true]\nhealth: {command: [check, 080]}\nhooks: {activate: {run: [go, 0x1F]}}',
    );
    expect(run?.argv).toEqual(['app', '1.10', 'true']);
    expect(health).toMatchObject({ kind: 'command', command: ['check', '080'] });
    expect(hooks.activate?.argv).toEqual(['go', '0x1F']);
  });

  it('reads a hook as a line, as a list, or with a shell and a deadline', () => {
    const { hooks } = configWith(
      'hooks:\n  before_start: ./migrate.sh {release}\n  after_switch: [say, "a b"]\n  activate: {run: "a | b", shell: true, deadline: 5m}',
    );
    expect(hooks.beforeStart).toEqual({
      argv: ['./migrate.sh', '{release}'],
      shell: false,
      deadline: 60_000,
    });
    expect(hooks.afterSwitch).toEqual({ argv: ['say', 'a b'], shell: false, deadline: 60_000 });
    expect(hooks.activate).toEqual({ argv: ['a | b'], shell: true, deadline: 300_000 });
  });

  it('reads TLS with 443 and a redirect unless told otherwise', () => {
    expect(configWith('router: {tls: {certificate: /c.pem, key: /k.pem}}').router.tls).toEqual({
      certificate: '/c.pem',
      key: '/k.pem',
      listen: ['443'],
      redirect: true,
    });
  });

  it('reads addresses to listen on as ports, IPv4 and IPv6', () => {
    const { router } = configWith('router: {listen: [80, "127.0.0.1:8080", "[::1]:8080", "*:90", "localhost:91"]}');
    expect(router.listen).toEqual(['80', '127.0.0.1:8080', '[::1]:8080', '*:90', 'localhost:91']);
  });

  it('follows anchors and aliases', () => {
    expect(configWith('health: {timeout: &t 4s, deadline: *t}').health).toMatchObject({
      timeout: 4000,
      deadline: 4000,
    });
  });
});
