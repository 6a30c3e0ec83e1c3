import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFresh } from '../../lab/new-connections.ts';
import { startServer, until, type Server } from '../support/systemd-stand.ts';

const port = 8080;
const config = `env: { HOST: 0.0.0.0 }
health: { path: /health }
drain: 1s
grace: 5s
router: { mode: l4, listen: ${port} }
`;
let server: Server;

beforeAll(async () => {
  server = await startServer({ name: 'kernel', user: 'deploy', config });
  await server.say('cutover', 'setup', '--owner', 'deploy', '--config', `${server.folder}/cutover.yaml`);
  await server.done('deploy');
  await server.done('deploy');
});

afterAll(async () => server?.machine.stop());

const rules = () => server.say('nft', 'list', 'ruleset');

async function isWhole(): Promise<void> {
  const status = await server.status();
  expect(status).toMatchObject({ agreement: true, deployment: null, frontDoor: { status: 200 } });
  expect(status.slots[status.live ?? 'blue'].state).toBe('live');
}

describe('the switch in the kernel, on a server with systemd, by an ordinary user', () => {
  test('deploys and rolls back under load, and loses nothing', async () => {
    const client = startFresh({ host: server.machine.address, port, at: 6 });
    for (const words of [['deploy'], ['rollback'], ['deploy']]) await server.done(...words);
    const { sent, lost, losses } = await client.stop();
    console.log(`l4 by an ordinary user under systemd: ${lost} of ${sent} requests lost`);
    expect(losses).toEqual([]);
    await isWhole();
  });

  test('the user may run that one program as root, and no other', async () => {
    const asUser = (...argv: string[]) => server.machine.exec(['sudo', '-n', ...argv], { user: 'deploy' });
    expect((await asUser('nft', 'flush', 'ruleset')).code).not.toBe(0);
    expect((await asUser('sh', '-c', 'id')).code).not.toBe(0);
    expect((await asUser('/etc/cutover/shop/switch', 'split', '100; nft flush ruleset')).code).toBe(64);
    expect((await asUser('/etc/cutover/shop/switch', 'pool', 'blue')).code).toBe(64);
    expect(
      (await server.machine.exec(['sh', '-c', 'echo >> /etc/cutover/shop/switch'], { user: 'deploy' })).code,
    ).not.toBe(0);
    await isWhole();
  });

  test.each(['reboot', 'powerFail'] as const)(
    'after a %s the rules are back, with the split that was in force',
    async (how) => {
      const before = await server.status();
      await server.machine[how]();
      await until('the live release answers', async () => (await server.status()).frontDoor.status === 200);
      expect((await server.status()).live).toBe(before.live);
      await isWhole();
      const client = startFresh({ host: server.machine.address, port, at: 4 });
      await server.done('rollback', before.slots[before.live === 'blue' ? 'green' : 'blue'].release ?? '');
      expect((await client.stop()).losses).toEqual([]);
    },
  );

  test.each(['reload', 'restart'])('rules that a %s of nftables flushes come back with it', async (how) => {
    await server.say('systemctl', 'start', 'nftables');
    await until('the rules are there', async () => (await rules()).includes('cutover_shop'));
    await server.say('systemctl', how, 'nftables');
    await until('the rules are back', async () => (await rules()).includes('cutover_shop'));
    await isWhole();
  });

  test('doctor finds nothing wrong', async () => {
    const { stdout } = await server.cutover(['doctor'], { user: 'root' });
    expect(stdout).toContain('cutover-shop-l4.service brings them back');
    expect(stdout).not.toContain('✗');
  });

  test('setup --remove leaves nothing', async () => {
    await server.done('down', '--yes');
    const removed = await server.cutover(['setup', '--remove'], { user: 'root' });
    expect(removed.code, removed.stderr).toBe(0);
    expect(await rules()).not.toContain('cutover');
    const left = await server.say(
      'find',
      '/etc/cutover',
      '/etc/sudoers.d',
      '/etc/systemd/system',
      '/var/lib/cutover',
      '-name',
      '*cutover*',
    );
    expect(left).toBe('');
  });
});

describe('servers behind the switch, looked after by a unit', () => {
  /** Both servers of each pool are this machine: what counts is who looks after them. */
  const pools = (
    address: string,
  ) => `run: [sh, -c, 'for m in $CUTOVER_MEMBERS; do p=\${m##*:}; systemctl stop member-$p 2> /dev/null; systemd-run -q --collect --unit member-$p --setenv HOST=0.0.0.0 --setenv PORT=$p --setenv CUTOVER_RELEASE=$CUTOVER_RELEASE --working-directory "$PWD" node server.js; done']
health: { path: /health }
drain: 1s
router:
  mode: l4
  listen: ${port}
  pools: { blue: ["${address}:9011", "${address}:9012"], green: ["${address}:9021", "${address}:9022"] }
`;
  let balancer: Server;

  beforeAll(async () => {
    balancer = await startServer({ name: 'balancer' });
    // In this kind of machine /proc/sys is not its own to write to.
    const words = ['-q', '-w', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'];
    execFileSync('nsenter', [`--net=/run/netns/${balancer.machine.id}`, 'sysctl', ...words]);
    await balancer.configure(pools(balancer.machine.address));
    await balancer.done('setup');
    for (const _ of ['blue', 'green']) await balancer.done('deploy');
  });

  afterAll(async () => balancer?.machine.stop());

  const stateOf = async (member: string) => {
    const all = JSON.parse((await balancer.done('members', '--json')).stdout) as { address: string; state: string }[];
    return all.find(({ address }) => address.endsWith(member))?.state;
  };

  test('one that dies is taken out, without anybody at the keyboard, and nothing more is lost', async () => {
    expect(await balancer.say('systemctl', 'is-active', 'cutover-shop-members')).toBe('active');
    await balancer.say('systemctl', 'kill', '--signal=KILL', 'member-9021');
    await until('it is offline', async () => (await stateOf(':9021')) === 'offline');
    const client = startFresh({ host: balancer.machine.address, port, at: 4 });
    await balancer.done('rollback');
    const { sent, lost, losses } = await client.stop();
    console.log(`l4: one server of the standby dead, rolled back: ${lost} of ${sent} requests lost`);
    expect(losses).toEqual([]);
  });

  test('after a reboot it looks after them again', async () => {
    await balancer.machine.reboot();
    await until(
      'it runs',
      async () => (await balancer.say('systemctl', 'is-active', 'cutover-shop-members')) === 'active',
    );
    await until('it has seen that nothing is back yet', async () => (await stateOf(':9011')) === 'offline');
    expect((await balancer.status()).split).toEqual({ blue: 100, green: 0 });
  });

  test('setup --remove ends it', async () => {
    await balancer.done('down', '--yes');
    await balancer.done('setup', '--remove');
    expect(await balancer.say('systemctl', 'is-active', 'cutover-shop-members')).not.toBe('active');
    expect(await balancer.say('find', '/etc', '-name', '*cutover*', '-not', '-path', '/etc/cutover')).toBe('');
  });
});
