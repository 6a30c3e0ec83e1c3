import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createStand, main, mustBeDone, type Stand } from '../support/stand.ts';
import { until } from '../support/until.ts';

const quick = 'health: { path: /health }\nupstream: { idle: 200ms }\n';
let stand: Stand;

beforeAll(async () => {
  stand = await createStand({ config: quick });
});

afterAll(async () => stand?.stop());

test('before the first deploy there is nothing to roll back, and status says what to type', async () => {
  expect((await stand.cutover('rollback')).code).toBe(2);
  expect((await stand.cutover('status')).stdout).toContain('next        `cutover deploy`');
});

test('a plan names slot, port, steps and deadlines, and does nothing', async () => {
  const { stdout } = await stand.cutover('deploy', '--plan');
  expect(stdout).toMatch(/to {7}blue, port \d+/);
  expect(stdout).toContain('Nothing was done.');
  expect(existsSync(path.join(stand.state, 'journal.jsonl'))).toBe(false);
});

test('events of a deploy are one JSON object a line', async () => {
  const { stdout, code } = await stand.cutover('deploy', '--json', '-m', 'the first');
  expect(code).toBe(0);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { type: string }).type);
  expect(events[0]).toBe('begin');
  expect(events.at(-1)).toBe('end');
});

test('a queued deploy waits for the one that runs', async () => {
  const both = await Promise.all([stand.cutover('deploy'), stand.cutover('deploy', '--wait', '1m')]);
  expect(both.map(({ code }) => code).filter((code) => code !== 0 && code !== 4)).toEqual([]);
  expect(both[1].code).toBe(0);
});

test('a release that was marked as not reversible refuses a rollback, and keeps no standby', async () => {
  mustBeDone(await stand.cutover('deploy', '--not-reversible', 'dropped a column'));
  const { code, stderr } = await stand.cutover('rollback');
  expect(code).toBe(5);
  expect(stderr).toMatch(/NOT_REVERSIBLE[\s\S]*dropped a column/);
  mustBeDone(await stand.cutover('deploy'));
});

test('history tells who, what, how long and what was lost', async () => {
  const history = JSON.parse((await stand.cutover('history', '--json')).stdout) as Record<string, unknown>[];
  expect(history[0]).toMatchObject({ command: 'deploy', message: 'the first', outcome: 'done', lost: 0 });
  expect((await stand.cutover('history')).stdout).toMatch(/probe \d+ ms/);
});

test('logs print what the application wrote, by slot and by release', async () => {
  expect((await stand.cutover('logs', 'blue')).stdout + (await stand.cutover('logs', 'green')).stdout).toContain(
    'listens on',
  );
  expect((await stand.cutover('logs', 'nothing')).code).toBe(2);
});

test('secrets of env_file reach the application and nothing else', async () => {
  const secret = 'c0rrect-h0rse-"quoted"-$HOME';
  const file = path.join(stand.dir, 'work', 'secrets.env');
  writeFileSync(file, `TOKEN='${secret}'\n`, { mode: 0o600 });
  stand.configure(`${quick}env_file: secrets.env`);
  const { stdout, stderr } = await stand.cutover('deploy', '--json');
  const { live, slots } = await stand.status();
  const pid = slots[live ?? 'blue'].pid ?? 0;
  expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toContain(`TOKEN=${secret}`);
  expect(stdout + stderr).not.toContain('c0rrect');
  expect(execFileSync('ps', ['-eo', 'args']).toString()).not.toContain('c0rrect');
  expect(execFileSync('grep', ['-rl', 'c0rrect', stand.state]).toString().trim()).toBe(
    path.join(stand.state, 'slots', live ?? '', 'env'),
  );
  expect(
    execFileSync('stat', ['-c', '%a', path.join(stand.state, 'slots', live ?? '', 'env')])
      .toString()
      .trim(),
  ).toBe('600');
  stand.configure(quick);
});

test('without memory for a second copy nothing is started', async () => {
  stand.configure(`${quick}memory: { needed: 900000g }`);
  const { code, stderr } = await stand.cutover('deploy');
  expect(stderr).toContain('NO_MEMORY');
  expect(code).toBe(5);
  stand.configure(quick);
});

test('an application may run as another user, who cannot read the secrets', async () => {
  stand.configure(`${quick}user: www-data`);
  mustBeDone(await stand.cutover('deploy'));
  const { live, slots } = await stand.status();
  const owner = execFileSync('ps', ['-o', 'user=', '-p', String(slots[live ?? 'blue'].pid)])
    .toString()
    .trim();
  expect(owner).toBe('www-data');
  stand.configure(quick);
  mustBeDone(await stand.cutover('deploy'));
});

test('after everything was ended, as by a reboot, `up` brings back the live release and the standby', async () => {
  const before = await stand.status();
  for (const slot of ['blue', 'green'] as const) {
    const supervisor = Number(readFileSync(path.join(stand.state, 'slots', slot, 'supervisor'), 'utf8').split(' ')[0]);
    process.kill(supervisor, 'SIGKILL');
    process.kill(before.slots[slot].pid ?? 0, 'SIGKILL');
  }
  const dead = await stand.status();
  expect(dead.slots.blue.state).toBe('failed');
  expect(dead.next).toContain('cutover up');
  mustBeDone(await stand.cutover('up'));
  const after = await stand.status();
  expect(after).toMatchObject({ live: before.live, agreement: true });
  expect([after.slots.blue.release, after.slots.green.release]).toEqual([
    before.slots.blue.release,
    before.slots.green.release,
  ]);
});

test('down asks first, stops both, and up brings the live one back', async () => {
  expect((await stand.cutover('down')).code).toBe(2);
  const { live } = await stand.status();
  mustBeDone(await stand.cutover('down', '--yes'));
  expect((await stand.status()).slots).toMatchObject({ blue: { state: 'stopped' }, green: { state: 'stopped' } });
  mustBeDone(await stand.cutover('up'));
  expect((await stand.status()).live).toBe(live);
});

test('a lock whose owner is dead is shown and removed, one whose owner lives is not', async () => {
  expect((await stand.cutover('unlock')).stdout).toContain('Nobody holds the lock.');
  stand.configure(`${quick}hooks: { before_start: [sleep, '30'] }`);
  const deploying = stand.start('deploy');
  await until(() => stand.journal().at(-1)?.['kind'] === 'step', 20_000, 'the first step of the deploy');
  expect((await stand.cutover('unlock')).code).toBe(4);
  deploying.kill('SIGKILL');
  await new Promise((next) => deploying.on('close', next));
  expect((await stand.cutover('unlock')).stdout).toContain('is dead');
  stand.configure(quick);
  mustBeDone(await stand.cutover('recover'));
});

test('only so many releases are kept, and never one that runs', async () => {
  stand.configure(`${quick}keep: 2`);
  mustBeDone(await stand.cutover('deploy'));
  const { releases, slots } = await stand.status();
  expect(releases.length).toBeLessThanOrEqual(3);
  expect(releases).toEqual(expect.arrayContaining([slots.blue.release, slots.green.release]));
  stand.configure(quick);
});

test('completion scripts are accepted by their shells', async () => {
  const script = execFileSync(process.execPath, [main, 'completion', 'bash']).toString();
  expect(execFileSync('bash', ['-c', `${script}\ncomplete -p cutover`]).toString()).toContain('_cutover');
  expect(execFileSync(process.execPath, [main, 'completion', 'fish']).toString()).toContain('complete -c cutover');
});

test('a mistyped command or option is refused with exit code 2', async () => {
  expect(await stand.cutover('deplyo')).toMatchObject({ code: 2, stderr: expect.stringContaining('deploy') as string });
  expect((await stand.cutover('deploy', '--pln')).code).toBe(2);
});
