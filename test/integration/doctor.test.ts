import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checks } from '../../src/doctor/checks.ts';
import type { Report } from '../../src/doctor/examine.ts';
import { diagnosed, finding, wrongIn } from '../support/doctor.ts';
import { createStand, finished, main, mustBeDone, type Stand } from '../support/stand.ts';

const healthy = 'health: { path: /health }';

describe('on a healthy server', () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await createStand({ config: healthy });
    mustBeDone(await stand.cutover('deploy'));
    mustBeDone(await stand.cutover('deploy'));
  });
  afterAll(async () => stand?.stop());

  test('nothing is wrong, and the exit code says so', async () => {
    const report = await diagnosed(stand);
    expect(wrongIn(report)).toEqual([]);
    expect(report).toMatchObject({ version: 1, app: 'shop', ok: true, code: 0 });
    const asked = checks.filter(({ id }) => id !== 'watch-metrics'); // There are none to ask.
    expect(report.findings.map(({ id }) => id)).toEqual(asked.map(({ id }) => id));
  });

  test('people get one line a trap, and the sum last', async () => {
    const { code, stdout, stderr } = await stand.cutover('doctor');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toContain(' ✓ who is live          100 % on green (release 2)');
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^shop: nothing is wrong, \d+ warnings?, \d+ fine\./);
  });

  test('a plain process does not come back after a reboot, and is told so', async () => {
    expect(await finding(stand, 'reboot')).toMatchObject({
      verdict: 'warning',
      fix: expect.stringContaining('@reboot cutover up'),
    });
  });

  test('a configuration with mistakes is the one finding', async () => {
    const good = readFileSync(stand.config, 'utf8');
    writeFileSync(stand.config, `${good}\nhelth: 1\n`);
    const report = await diagnosed(stand);
    expect(report).toMatchObject({ ok: false, code: 5, findings: [{ id: 'configuration', verdict: 'wrong' }] });
    expect(report.findings[0]?.says).toContain('unknown key "helth" (did you mean "health"?)');
    writeFileSync(stand.config, good);
  });

  test('every rule of cutover.yaml that courts trouble is a warning', async () => {
    stand.configure(
      [
        'health: { path: /health, status: [200, 404], deadline: 100s }',
        'drain: 0',
        'grace: 500ms',
        'hooks: { after_start: { run: "true", deadline: 5s }, activate: "true" }',
      ].join('\n'),
    );
    const { findings } = await diagnosed(stand);
    const warned = findings.filter(({ verdict }) => verdict === 'warning').map(({ id }) => id);
    expect(warned).toEqual(expect.arrayContaining(['health-strict', 'drain', 'grace', 'deadlines', 'schedulers']));
    stand.configure(healthy);
  });
});

test('before the set-up it says that first, and looks at the rest all the same', async () => {
  const stand = await createStand({ setup: false });
  const { stdout, code } = await stand.cutover('doctor');
  expect(code).toBe(5);
  expect(stdout.split('\n').slice(0, 3).join('\n')).toMatch(
    /^Traffic\n ✗ set up .*not set up for the app yet.*\n +fix run `cutover setup` once/,
  );
  expect(stdout).toContain(' ✓ runs                 nginx 1.');
  await stand.stop();
});

test('before the first deploy nothing is wrong', async () => {
  const stand = await createStand();
  const report = await diagnosed(stand);
  expect(wrongIn(report)).toEqual([]);
  expect(report.findings.find(({ id }) => id === 'live-slot')).toMatchObject({
    verdict: 'note',
    says: 'nothing is deployed yet',
  });
  await stand.stop();
});

test('an ordinary user gets all but what only root may see', async () => {
  const stand = await createStand({ setup: false, config: healthy });
  chmodSync(stand.dir, 0o755);
  mustBeDone(await stand.cutover('setup', '--owner', 'nobody'));
  mustBeDone(await asNobody(stand, 'deploy'));
  const { code, stdout } = await asNobody(stand, 'doctor', '--json');
  const report = JSON.parse(stdout) as Report;
  expect(wrongIn(report)).toEqual([]);
  expect(code).toBe(0);
  expect(report.findings.find(({ id }) => id === 'nginx-test')).toMatchObject({
    verdict: 'unknown',
    fix: '`sudo nginx -t`',
  });
  expect(report.findings.find(({ id }) => id === 'process-owner')).toMatchObject({ verdict: 'fine' });
  expect((await asNobody(stand, 'doctor')).stdout).toMatch(/could not be checked without root\./);

  execFileSync('chown', ['root', `${stand.state}/journal.jsonl`]);
  expect((await finding(stand, 'state-owner')).says).toContain('journal.jsonl');
  execFileSync('chown', ['nobody', `${stand.state}/journal.jsonl`]);
  await asNobody(stand, 'down', '--yes');
  await stand.stop();
});

function asNobody(stand: Stand, command: string, ...words: string[]) {
  const identity = ['--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups'];
  const argv = [...identity, '--', process.execPath, main, command, '--config', stand.config, ...words];
  return finished(
    spawn('setpriv', argv, { cwd: stand.dir, stdio: 'pipe', env: { PATH: process.env['PATH'] ?? '', HOME: '/' } }),
  );
}
