import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import { startServer, unitOf, until, type Server } from '../support/systemd-stand.ts';

const config = 'health: { path: /health }\nupstream: { idle: 200ms }';

/** Everything but the set-up happens as `deploy`, who is nobody special. */
let server: Server;
let before: string;

beforeAll(async () => {
  server = await startServer({ name: 'ordinary', user: 'deploy', config });
  await server.machine.exec(['useradd', '--create-home', 'other']);
  before = await traces();
});

afterAll(async () => server?.machine.stop());

test('before the set-up a deploy says what is missing', async () => {
  expect(await server.cutover(['deploy'])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('sudo cutover setup'),
  });
});

test('root sets up once for an ordinary user, whose units run without a login', async () => {
  const { stdout } = await server.cutover(['setup', '--owner', 'deploy'], { user: 'root' });
  expect(stdout).toContain('as deploy');
  expect(await server.say('stat', '-c', '%U', server.state, '/var/lib/systemd/linger/deploy')).toBe('deploy\nroot');
  expect((await server.cutover(['setup'], { user: 'root' })).stdout).toContain('nothing was changed');
});

test('deploys and rollbacks under load need no root and lose nothing, and history counts the requests', async () => {
  await server.done('deploy', '-m', 'first');
  const load = await startLoadProcess({ url: server.url, host: server.host, connections: 40, rate: 500 });
  for (let round = 0; round < 3; round++) {
    await server.done('deploy', '-m', `round ${round}`);
    load.fireIdleNow();
    await server.done('rollback');
    load.fireIdleNow();
  }
  const report = await load.stop();
  console.log(`systemd --user, 3 deploys and 3 rollbacks: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
  expect(report.sent).toBeGreaterThan(1000);
  const ends = (await server.journal()).filter(({ kind }) => kind === 'end').slice(1);
  expect(ends).toHaveLength(6);
  for (const end of ends) expect(end).toMatchObject({ outcome: 'done', lost: 0, requests: expect.any(Number) });
  expect(ends.reduce((sum, { requests }) => sum + Number(requests), 0)).toBeGreaterThan(100);
});

test('status, history, logs and doctor work for the user', async () => {
  const status = await server.status();
  expect(status).toMatchObject({ agreement: true, deployment: null });
  const { live } = status;
  const standby = live === 'blue' ? 'green' : 'blue';
  expect(status.slots[live ?? 'blue']).toMatchObject({ state: 'live', restarts: 0 });
  expect(status.slots[standby]).toMatchObject({ state: 'standby' });
  expect(status.slots[standby].memory).toBeGreaterThan(1_000_000);
  expect((await server.done('history')).stdout).toMatch(/deploy@ordinary/);
  expect((await server.done('logs', '1')).stdout).toContain('listens on 8081');
  expect((await server.done('logs', standby)).stdout).toContain('listens on');
  expect((await server.done('doctor')).stdout).toContain('systemd --user');
});

test('the application is the user’s own process, and nothing of cutover stays resident', async () => {
  const processes = (await server.say('ps', 'axo', 'user,args')).split('\n');
  const apps = processes.filter((line) => line.includes('server.js'));
  expect(apps.map((line) => line.split(' ')[0])).toEqual(['deploy', 'deploy']);
  expect(processes.join('\n')).not.toMatch(/cutover|main\.js|supervise|systemd-cat/);
  const pid = String((await server.status()).slots.blue.pid);
  expect(await server.say('grep', 'NoNewPrivs', `/proc/${pid}/status`)).toMatch(/1$/);
});

test('a third user is refused in clear words and changes nothing', async () => {
  for (const command of ['deploy', 'rollback', 'status'])
    expect(await server.cutover([command], { user: 'other' })).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/belongs to another user[\s\S]*deploy/),
    });
  expect(await server.status()).toMatchObject({ agreement: true, deployment: null });
});

test('root acts as the owner, and leaves no file that would stand in the owner’s way', async () => {
  const root = await server.cutover(['rollback', '1'], { user: 'root' });
  expect(root.code, root.stderr).toBe(0);
  expect((await server.cutover(['status'], { user: 'root' })).stdout).toContain('live');
  expect(await server.say('find', server.state, '!', '-user', 'deploy', '!', '-name', 'setup.json')).toBe('');
  await server.done('deploy');
});

test('a user who is asked to run the application as another is told that only root can', async () => {
  await server.configure(`${config}\nuser: other`);
  expect(await server.cutover(['deploy'])).toMatchObject({ code: 3, stderr: expect.stringContaining('only root may') });
  await server.configure(config);
});

test('after a reboot nobody logs in, and live and standby are back', async () => {
  const { live, slots } = await server.status();
  await server.machine.reboot();
  const status = await server.status();
  expect(status).toMatchObject({ live, agreement: true, deployment: null });
  for (const slot of ['blue', 'green'] as const)
    expect(status.slots[slot]).toMatchObject({ release: slots[slot].release, restarts: 0 });
  await until('the live slot answers', async () => (await server.ask()).slot === live);
  await server.done('rollback', slots[live === 'blue' ? 'green' : 'blue'].release ?? '');
});

test('removal gives everything back: site, linger, units, folders', async () => {
  await server.done('down', '--yes');
  const failed = await server.say(
    'runuser',
    '-u',
    'deploy',
    '--',
    'env',
    'XDG_RUNTIME_DIR=/run/user/1000',
    'systemctl',
    '--user',
    'is-failed',
    unitOf('blue'),
  );
  expect(failed).toBe('inactive');
  const removed = await server.cutover(['setup', '--remove'], { user: 'root' });
  expect(removed.code, removed.stderr).toBe(0);
  expect(await traces()).toBe(before);
});

async function traces(): Promise<string> {
  const script = `cd /etc; find . -printf '%p %M %U %G %l\\n' | sort; find . -type f -exec sha256sum {} + | sort
    ls -A /var/lib/cutover /var/log/cutover /var/lib/systemd/linger /run/cutover* /run/user/*/cutover* 2>&1
    find /home/deploy -not -path '*/.cache*' | sort`;
  return server.say('sh', '-c', script);
}
