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
  const setup = await server.cutover(['setup', '--owner', 'deploy'], { user: 'root' });
  expect(setup.code, setup.stderr).toBe(0);
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
