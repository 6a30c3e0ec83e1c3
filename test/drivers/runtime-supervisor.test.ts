import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { localHost } from '../../src/drivers/host/local.ts';
import { identityOf } from '../../src/lib/process-identity.ts';
import { ask, runs, started } from '../contracts/runtime-support.ts';
import { isRoot } from '../support/folders.ts';
import { openProcessRuntime } from '../support/process-runtime.ts';
import { until } from '../support/until.ts';

it('lives in a session of its own, without a terminal, beside the one who started it', async () => {
  const tested = await openProcessRuntime();
  await started(tested);
  const { pid = 0 } = await tested.runtime.inspect('blue');
  const [session, terminal] = statOf(pid).slice(3, 5);
  expect(session).toBe(String(pid));
  expect(terminal).toBe('0');
  const [, , , keeperSession] = statOf(await supervisorOf(tested.state));
  expect([String(pid), String(statOf(process.pid)[3])]).not.toContain(keeperSession);
});

it('gives the application no variable of the deployer', async () => {
  process.env['CUTOVER_TEST_SECRET'] = 'hush';
  onTestFinished(() => void delete process.env['CUTOVER_TEST_SECRET']);
  const tested = await openProcessRuntime();
  const { port } = await started(tested, { env: { MINE: '1' } });
  const names = Object.keys((await ask<Record<string, string>>(port, '/env')) ?? {});
  const ours = ['CUTOVER_INSTANCE', 'CUTOVER_RELEASE', 'HABITS', 'MINE', 'PORT'];
  expect(names.toSorted()).toEqual([...ours, 'HOME', 'OLDPWD', 'PATH', 'PWD'].toSorted());
  const env = path.join(tested.state, 'slots', 'blue', 'env');
  expect((statSync(env).mode & 0o777).toString(8)).toBe('600');
});

it('starts an application whose own PATH leads nowhere', async () => {
  const tested = await openProcessRuntime();
  const { port } = await started(tested, { env: { PATH: '/nowhere' } });
  expect(await ask(port, '/env')).toMatchObject({ PATH: '/nowhere' });
});

it('bounds the log of a chatty application, which goes on writing', async () => {
  const limit = 300_000;
  const tested = await openProcessRuntime(limit);
  await started(tested, { habits: 'chatty' });
  const log = path.join(tested.state, 'logs', '7.log');
  const looks = 5; // seconds between two looks of the supervisor
  let largest = 0;
  for (let second = 0; second < looks * 3; second++) {
    await sleep(1000);
    largest = Math.max(largest, statSync(log).size);
  }
  console.log(`a log with a bound of ${limit} bytes at 1 MB/s: ${largest} at most, ${statSync(`${log}.1`).size} kept`);
  expect(largest).toBeLessThan(limit + 1_200_000 * (looks + 2));
  expect(statSync(`${log}.1`).size).toBeGreaterThan(limit);
  await until(() => statSync(log).size > 0);
}, 60_000);

it('leaves the application running when it is killed itself; that is seen, and it can be stopped', async () => {
  const tested = await openProcessRuntime();
  const { port } = await started(tested, { habits: 'parent' });
  const keeper = await supervisorOf(tested.state);
  const { child = 0, pid = 0 } = (await ask<{ child: number; pid: number }>(port, '/who')) ?? {};
  process.kill(keeper, 'SIGKILL');
  await until(() => !runs(keeper));
  const seen = await tested.runtime.inspect('blue');
  expect(seen).toMatchObject({
    state: 'running',
    pid,
    release: '7',
    detail: expect.stringContaining('supervisor') as string,
  });
  expect((await tested.runtime.stop('blue', 2000)).how).toMatch(/graceful|killed/);
  expect([runs(pid), runs(child)]).toEqual([false, false]);
  expect((await tested.runtime.inspect('blue')).state).toBe('stopped');
});

it('ends what an application that died left behind, also when the supervisor is gone', async () => {
  const tested = await openProcessRuntime();
  const { port } = await started(tested, { habits: 'parent' });
  const { child = 0, pid = 0 } = (await ask<{ child: number; pid: number }>(port, '/who')) ?? {};
  process.kill(await supervisorOf(tested.state), 'SIGKILL');
  process.kill(pid, 'SIGKILL');
  await until(() => !runs(pid));
  expect(runs(child)).toBe(true);
  await tested.runtime.stop('blue', 1000);
  expect(runs(child)).toBe(false);
});

it('never signals a process that has the pid of a record by chance', async () => {
  const tested = await openProcessRuntime();
  await started(tested);
  await tested.runtime.stop('blue', 5000);
  const stranger = spawn('setsid', ['sleep', '60'], { stdio: 'ignore' });
  onTestFinished(() => void stranger.kill('SIGKILL'));
  await until(() => readFileSync(`/proc/${stranger.pid ?? 0}/comm`, 'utf8') === 'sleep\n');
  const identity = (await identityOf(localHost(), stranger.pid ?? 0)) ?? '';
  for (const record of [
    `${identity.replace(/\d+$/, '1')} 1 0`,
    `${identity.replace(/^[^/]+/, 'an-earlier-boot')} 1 0`,
    '',
    '?',
  ])
    for (const name of ['app', 'supervisor']) {
      await writeFile(path.join(tested.state, 'slots', 'blue', name), `${stranger.pid} ${record}\n`);
      expect(await tested.runtime.inspect('blue')).toMatchObject({ state: 'stopped', pid: undefined });
      await tested.runtime.stop('blue', 100);
      await sleep(50);
      expect(runs(stranger.pid ?? 0)).toBe(true);
    }
});

it('starts nothing more once its slot was given to another', async () => {
  const tested = await openProcessRuntime();
  await started(tested, { habits: 'crash' });
  await writeFile(path.join(tested.state, 'slots', 'blue', 'instance'), 'another\n');
  const keeper = await supervisorOf(tested.state);
  await until(() => !runs(keeper), 10_000);
  expect((await tested.runtime.inspect('blue')).state).toBe('exited');
});

it('costs at most 5 MB of memory beside each application', async () => {
  const tested = await openProcessRuntime();
  await started(tested);
  await sleep(500);
  const keeper = await supervisorOf(tested.state);
  const { pid = 0 } = await tested.runtime.inspect('blue');
  const helpers = processes().filter(
    ({ words, id }) => id === keeper || (words.includes('bound-log') && words.includes(` ${keeper} `)),
  );
  const sleepers = processes().filter(({ parent, id }) => helpers.some((helper) => helper.id === parent) && id !== pid);
  const all = [...new Set([...helpers, ...sleepers].map(({ id }) => id))];
  const [resident, proportional] = ['Rss', 'Pss'].map((name) => all.reduce((sum, id) => sum + memoryOf(id, name), 0));
  console.log(
    `beside the application: ${all.length} processes, ${resident} kB resident, ${proportional} kB proportional`,
  );
  expect(all.length).toBeGreaterThanOrEqual(2);
  expect(resident).toBeLessThanOrEqual(5 * 1024);
});

it('is seen to run as soon as it was started', async () => {
  const tested = await openProcessRuntime();
  const launch = await started(tested);
  for (let round = 0; round < 20; round++) {
    await tested.runtime.stop('blue', 5000);
    await tested.runtime.start('blue', { ...launch, argv: ['/bin/sleep', '60'] });
    expect((await tested.runtime.inspect('blue', 'alive')).state).toBe('running');
  }
});

it.runIf(isRoot)('runs the application as the user it is to run as, with that user’s groups (needs root)', async () => {
  const tested = await openProcessRuntime();
  await tested.stage('9');
  const launch = {
    ...(await started(tested)),
    user: 'nobody',
  };
  await tested.runtime.stop('blue', 5000);
  execFileSync('chmod', ['-R', 'a+rX', tested.state]);
  await tested.runtime.start('blue', { ...launch, argv: ['/bin/sh', '-c', 'id -un; id -Gn; exec sleep 60'] });
  const log = path.join(tested.state, 'logs', '7.log');
  await until(async () => (await readFile(log, 'utf8')).includes('nobody\nnogroup\n'));
  expect((await tested.runtime.inspect('blue')).state).toBe('running');
});

async function supervisorOf(state: string): Promise<number> {
  return Number((await readFile(path.join(state, 'slots', 'blue', 'supervisor'), 'utf8')).split(' ')[0]);
}

/** state ppid pgrp session tty … */
function statOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
}

function processes(): readonly { id: number; parent: number; words: string }[] {
  const ids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return ids.flatMap((id) => {
    try {
      const words = readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return [{ id, parent: Number(statOf(id)[1]), words }];
    } catch {
      return [];
    }
  });
}

/** Kilobytes. */
function memoryOf(pid: number, name: string): number {
  return Number(
    new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0,
  );
}
