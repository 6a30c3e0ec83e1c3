import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { startServers, type Server, type Servers } from '../../lab/servers.ts';
import type { Status } from '../../src/core/status.ts';
import { makeLaptop, yaml, type Laptop } from '../support/ssh-stand.ts';
import { until } from '../support/until.ts';
import { mustBeDone } from '../support/stand.ts';

let servers: Servers;
let shop1: Server;
let laptop: Laptop;

/** The server has no right to sudo yet, as most have not. */
beforeAll(async () => {
  servers = await startServers(['shop1'], { sudo: false });
  shop1 = servers.get('shop1');
  laptop = makeLaptop(servers, yaml('server: shop1'));
});

afterAll(async () => {
  laptop?.remove();
  await servers?.stop();
});

async function on(...argv: string[]): Promise<string> {
  return (await shop1.machine.exec(argv)).stdout;
}

async function allFiles(): Promise<string> {
  return on(
    'find',
    '/etc',
    '/var',
    '/home',
    '/root',
    '-xdev',
    '-type',
    'f',
    '-not',
    '-path',
    '*/journal/*',
    '-printf',
    '%p %m %U %s\n',
  );
}

it('without the right to become root the set-up says so, changes nothing, and asks for no password', async () => {
  const before = await allFiles();
  const { code, stderr } = await laptop.cutover('setup');
  expect([code, stderr]).toEqual([3, expect.stringContaining('SUDO_REFUSED')]);
  expect(stderr).toContain('cutover setup --login root');
  const differing = (await allFiles()).split('\n').filter((line) => !before.includes(line));
  expect(differing.filter((line) => !/\/(log|lastlog|wtmp|utmp|sudo|systemd|\.cache)/.test(line))).toEqual([]);
});

it('as root once, then as an ordinary user who has no such right', async () => {
  mustBeDone(await laptop.cutover('setup', '--login', 'root'));
  expect((await on('stat', '-c', '%U', '/var/lib/cutover/shop')).trim()).toBe('deploy');
  mustBeDone(await laptop.cutover('deploy'));
  mustBeDone(await laptop.cutover('deploy', '-m', 'the second'));
  mustBeDone(await laptop.cutover('rollback'));
  const status = JSON.parse((await laptop.cutover('status', '--json')).stdout) as Status;
  expect(status).toMatchObject({ live: 'blue', agreement: true, slots: { green: { state: 'standby', release: '2' } } });
  const { stdout } = await laptop.cutover('doctor');
  expect(stdout).toContain('✓ after a reboot');
  expect(stdout).not.toMatch(/^ ✗/m);
});

it('nothing but a shell is needed there: no Node of ours, no file of ours outside its own folders', async () => {
  const files = await on('find', '/', '-xdev', '-path', '*cutover*', '-not', '-path', '/proc/*', '-type', 'f');
  const ours =
    /^\/var\/lib\/cutover\/shop\/|^\/etc\/nginx\/sites-enabled\/cutover-shop\.conf$|^\/etc\/logrotate\.d\/cutover-shop$|^\/var\/log\/cutover\/shop\//;
  expect(
    files
      .trim()
      .split('\n')
      .filter((file) => !ours.test(file)),
  ).toEqual([]);
});

it('secrets are in no process list, no log, no journal and no output, and on the server in one private file', async () => {
  const secret = 'correct-horse-battery-staple';
  const env = path.join(laptop.folder, '.env');
  writeFileSync(env, `API_KEY=${secret}\n`);
  chmodSync(env, 0o600);
  laptop.configure(yaml('server: shop1', 'env_file: .env\n'));
  onTestFinished(() => laptop.configure(yaml('server: shop1')));
  const token = (await on('cat', '/var/lib/cutover/shop/front-door-token')).trim();
  const seen = { text: '' };
  const deploying = { on: true };
  const watching = (async () => {
    while (deploying.on) {
      seen.text += execFileSync('ps', ['-eo', 'args', 'ww'], { encoding: 'utf8' });
      seen.text += await on('ps', '-eo', 'args', 'ww');
    }
  })();
  const { stdout, stderr, code } = await laptop.cutover('deploy', '--json');
  deploying.on = false;
  await watching;
  expect([code, stderr]).toEqual([0, '']);
  const told = await Promise.all(['history', 'status', 'doctor'].map((command) => laptop.cutover(command, '--json')));
  const logs = await on(
    'sh',
    '-c',
    'journalctl --no-pager; cat /var/log/nginx/*.log /var/log/auth.log /var/log/syslog 2> /dev/null',
  );
  const texts = { processes: seen.text, output: stdout, told: told.map((one) => one.stdout).join(), logs };
  for (const [place, text] of Object.entries(texts)) {
    expect([place, text.length > 0, text.includes(secret)]).toEqual([place, true, false]);
    if (place !== 'logs') expect([place, text.includes(token)]).toEqual([place, false]);
  }
  const holding = await on('grep', '-rlF', secret, '/var/lib/cutover', '/tmp', '/home', '/run/user/1000');
  const files = holding.trim().split('\n');
  expect(files).toEqual([expect.stringMatching(/^\/var\/lib\/cutover\/shop\/slots\/\w+\/env$/)]);
  expect((await on('stat', '-c', '%a %U', files[0] ?? '')).trim()).toBe('600 deploy');
});

it('nothing runs on after a command, here or there, but the shared connection', async () => {
  mustBeDone(await laptop.cutover('deploy'));
  const running = async () => {
    const lines = (await on('ps', '-u', 'deploy', '-o', 'args=')).split('\n');
    return lines.filter((line) => /head -n 1|^\/bin\/sh/.test(line) && !line.includes('/var/lib/cutover'));
  };
  // The server hears of the end a moment later; without it the guard would wait for 20 s.
  await until(async () => (await running()).length === 0, 10_000, 'the end of what ran there');
  const sockets = readdirSync(path.join(laptop.folder, 'run', `cutover-${process.getuid?.() ?? 0}`));
  expect(sockets.filter((name) => !/^[0-9a-f]{16}$/.test(name))).toEqual([]);
});

it('what the set-up replaced comes back byte for byte', async () => {
  mustBeDone(await laptop.cutover('down', '--yes'));
  mustBeDone(await laptop.cutover('setup', '--remove', '--login', 'root'));
  expect(
    (await on('sh', '-c', 'ls -d /var/lib/cutover* /etc/nginx/sites-enabled/cutover* 2> /dev/null; :')).trim(),
  ).toBe('');
  expect(readFileSync(path.join(laptop.folder, 'cutover.yaml'), 'utf8')).toContain('server: shop1');
});
