import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import { request } from '../../src/drivers/host/request.ts';
import { startServer, unitOf, type Server } from '../support/systemd-stand.ts';
import { nodeSample } from '../support/stand.ts';

/** Writes where an application writes, says what it saw of its secret, and then is the sample. */
const writes = `import { appendFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
for (const folder of ['.', homedir(), tmpdir()]) appendFileSync(folder + '/written', 'x');
console.log('runs as', userInfo().username, 'at home in', homedir(), 'with a secret of', process.env.PASSWORD.length);
`;
const secret = 'hunter2-$HOME-"quoted"-zq9x';
const config =
  'user: appuser\nenv_file: secrets.env\nhealth: { path: /health }\nrun: node --import ./writes.js server.js';

let server: Server;
let artifact: string;
let etc: string;

beforeAll(async () => {
  artifact = mkdtempSync(path.join(tmpdir(), 'cutover-app-'));
  cpSync(nodeSample, artifact, { recursive: true });
  writeFileSync(path.join(artifact, 'writes.js'), writes, { mode: 0o600 });
  server = await startServer({ name: 'rooted', artifact, config });
  const { machine } = server;
  await machine.exec(['useradd', '--create-home', 'appuser']);
  await machine.exec(['sh', '-c', 'umask 077; cat > /srv/shop/secrets.env'], { input: `PASSWORD='${secret}'\n` });
  etc = await listing();
});

afterAll(async () => {
  await server?.machine.stop();
  rmSync(artifact, { recursive: true, force: true });
});

test('a set-up that fails leaves nothing of itself behind', async () => {
  await server.say('sh', '-c', 'echo "broken" > /etc/nginx/conf.d/others.conf');
  const failed = await server.cutover(['setup']);
  await server.say('rm', '/etc/nginx/conf.d/others.conf');
  expect(failed).toMatchObject({ code: 5, stderr: expect.stringContaining('others.conf') });
  expect(await listing()).toBe(etc);
});

test('after a set-up as root two deploys, a rollback and the reports work', async () => {
  await server.done('setup');
  expect((await server.done('setup')).stdout).toContain('nothing was changed');
  await server.done('deploy', '-m', 'first');
  expect(await server.ask()).toMatchObject({ status: 200, release: '1', slot: 'blue' });
  await server.done('deploy', '-m', 'second');
  expect(await server.ask()).toMatchObject({ status: 200, release: '2', slot: 'green' });
  await server.done('rollback');
  const status = await server.status();
  expect(status).toMatchObject({ live: 'blue', agreement: true, deployment: null });
  expect(status.slots.blue).toMatchObject({ state: 'live', release: '1', restarts: 0, detail: null });
  expect(status.slots.green).toMatchObject({ state: 'standby', release: '2', restarts: 0, detail: null });
  expect(status.slots.blue.memory).toBeGreaterThan(1_000_000);
  expect((await server.ask()).pid).toBe(status.slots.blue.pid);
  const history = (await server.done('history')).stdout;
  expect(history).toMatch(/first[\s\S]*second[\s\S]*rollback/);
});

test('the application runs as its user, and writes to its home, /tmp and where it works', async () => {
  const words = 'runs as appuser at home in /home/appuser with a secret of 27';
  expect(secret).toHaveLength(27);
  expect((await server.done('logs', '2')).stdout).toContain(words);
  expect((await server.done('logs', 'green')).stdout).toContain('listens on 8082');
  const owners = 'stat -c %U /home/appuser/written /var/lib/cutover/shop/releases/*/artifact/written';
  expect(await server.say('sh', '-c', owners)).toBe('appuser\nappuser\nappuser');
});

test('a secret of env_file is in a file of root alone, and nowhere that others look', async () => {
  const stat = await server.say('sh', '-c', 'stat -c "%a %U" /var/lib/cutover/shop/slots/*/env');
  expect(stat).toBe('600 root\n600 root');
  const seen = await server.say(
    'sh',
    '-c',
    `systemctl show '*'; cat /proc/[0-9]*/cmdline | tr '\\0' ' '; journalctl --no-pager -o json;
     cat /etc/systemd/system/cutover-*; cutover status --json; cutover history --json; cutover logs 1`,
  );
  expect(seen).toContain(unitOf('blue'));
  expect(seen).toContain('"SYSLOG_IDENTIFIER":"shop.1"');
  expect(seen).not.toContain('zq9x');
  const files = await server.say('grep', '-rlF', 'zq9x', '/var/lib/cutover', '/var/log', '/root', '/tmp');
  expect(files.split('\n').toSorted()).toEqual(
    ['blue', 'green'].map((slot) => `/var/lib/cutover/shop/slots/${slot}/env`),
  );
});

test('the service may not do what no web application needs', async () => {
  const names = ['NoNewPrivileges', 'ProtectSystem', 'PrivateTmp', 'ProtectKernelTunables', 'RestrictSUIDSGID'];
  const shown = await server.say('systemctl', 'show', '-P', names.join(','), unitOf('blue'));
  expect(shown.split(/\s+/)).toEqual(expect.arrayContaining(['yes', 'full']));
  const pid = String((await server.status()).slots.blue.pid);
  const inside = (...argv: string[]) => server.machine.exec(['nsenter', '-t', pid, '-m', '--', ...argv]);
  expect((await inside('touch', '/etc/x')).stderr).toContain('Read-only');
  expect((await inside('touch', '/usr/x')).stderr).toContain('Read-only');
  expect(await server.say('grep', 'NoNewPrivs', `/proc/${pid}/status`)).toMatch(/1$/);
});

test('deploys and rollbacks under load lose nothing', async () => {
  const load = await startLoadProcess({ url: server.url, host: server.host, connections: 40, rate: 250 });
  for (let round = 0; round < 3; round++) {
    await server.done('deploy');
    load.fireIdleNow();
    await server.done('rollback');
    load.fireIdleNow();
  }
  const report = await load.stop();
  console.log(`systemd, 3 deploys and 3 rollbacks: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
  expect(Object.keys(report.byRelease).length).toBeGreaterThan(2);
  expect(report.sent).toBeGreaterThan(1000);
});

test('nothing of cutover stays resident', async () => {
  const processes = await server.say('ps', 'axo', 'args');
  expect(processes.split('\n').filter((line) => line.includes('server.js'))).toHaveLength(2);
  expect(processes).not.toMatch(/cutover|main\.js|supervise|systemd-cat/);
});

test('down stops both, up brings the live one back', async () => {
  const { live } = await server.status();
  await server.done('down', '--yes');
  expect((await server.ask()).status).toBe(502);
  expect((await server.status()).slots).toMatchObject({ blue: { state: 'stopped' }, green: { state: 'stopped' } });
  expect(await server.say('systemctl', 'list-units', '--failed', '--no-legend')).toBe('');
  await server.done('up');
  expect(await server.ask()).toMatchObject({ status: 200, slot: live });
});

test('a unit that was written for other settings is told before anything is touched', async () => {
  await server.configure(config.replace('user: appuser', 'user: appuser\ngrace: 50s'));
  const refused = await server.cutover(['deploy']);
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('TimeoutStopSec=50s') });
  await server.done('setup');
  await server.done('deploy');
});

test('setup --remove refuses while a release runs, then gives everything back byte for byte', async () => {
  expect(await server.cutover(['setup', '--remove'])).toMatchObject({ code: 2 });
  await server.done('down', '--yes');
  await server.done('setup', '--remove');
  expect(await listing()).toBe(etc);
});

/** All of /etc with modes, owners and hashes; what else could be left; and what nginx answers. */
async function listing(): Promise<string> {
  const script = `cd /etc; find . -printf '%p %M %U %G %l\\n' | sort; find . -type f -exec sha256sum {} + | sort
    ls -A /var/lib/cutover /var/log/cutover /var/lib/systemd/linger /run/cutover* 2>&1
    systemctl list-unit-files --no-legend 'cutover*'; find /tmp /var/tmp -mindepth 1 -name '*cutover*'`;
  const answer = await request({ url: server.url, headers: { host: server.host }, timeout: 10_000 });
  return `${await server.say('sh', '-c', script)}\n${answer.status} ${answer.body}`;
}
