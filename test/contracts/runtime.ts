import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../support/until.ts';
import { stopContract } from './runtime-stop.ts';
import { ask, grace, started, type RuntimeUnderTest } from './runtime-support.ts';

/** What every runtime must do. `open` is called once for each test. */
export function runtimeContract(open: (grace: number) => Promise<RuntimeUnderTest>): void {
  describe('start', () => {
    startContract(() => open(grace));
  });
  describe('stop', () => {
    stopContract(open);
  });
  describe('inspect', () => {
    inspectContract(() => open(grace));
  });
}

function startContract(open: () => Promise<RuntimeUnderTest>): void {
  it('runs the release with its words as they are, in its own folder', async () => {
    const tested = await open();
    const words = ['$(id)', "it's", '"', '\\', 'a  b', '*', '', '한글', '\n', '{port}', '%h', '$HOME'];
    const { port } = await started(tested, { words });
    expect(await ask(port, '/argv')).toEqual(words);
    expect((await ask<{ cwd: string }>(port, '/who'))?.cwd).toMatch(tested.folder ?? /releases\/7\/artifact$/);
  });

  it('gives it the variables that are configured, as they are', async () => {
    const tested = await open();
    const env = {
      QUOTES: `it's "$HOME" \`id\` \\ \\n %h`,
      LINES: ' a\nb\n',
      EMPTY: '',
      user: 'nobody',
      log: 'x',
      app: '1',
      slot: '2',
      instance: '3',
    };
    const { port } = await started(tested, { env });
    expect(await ask(port, '/env')).toMatchObject({ ...env, CUTOVER_RELEASE: '7' });
    expect(await ask(port, '/who')).toMatchObject({ uid: process.getuid?.() });
  });

  it('starts a crashed one again, more slowly each time, and counts', async () => {
    const tested = await open();
    await started(tested, { habits: 'crash' });
    await until(async () => (await tested.runtime.inspect('blue', 'alive')).restarts >= 2, tested.restart * 3);
    const seen = await tested.runtime.inspect('blue');
    expect(seen.release).toBe('7');
    await tested.runtime.stop('blue', grace);
    expect(await tested.runtime.inspect('blue')).toMatchObject({ state: 'stopped', pid: undefined, ports: [] });
  });

  it('starts again what was killed, under the same release', async () => {
    const tested = await open();
    await started(tested);
    const before = await tested.runtime.inspect('blue');
    process.kill(before.pid ?? 0, 'SIGKILL');
    await until(async () => (await tested.runtime.inspect('blue')).ports.length > 0, tested.restart);
    const after = await tested.runtime.inspect('blue');
    expect(after).toMatchObject({ state: 'running', release: '7', restarts: 1 });
    expect(after.pid).not.toBe(before.pid);
  });

  it('keeps what a release printed', async () => {
    const tested = await open();
    await started(tested);
    for (const of of [{ slot: 'blue' as const }, { release: '7' }])
      await until(async () => {
        const { stdout } = await tested.host.run(await tested.runtime.logs(of, { lines: 5, follow: false }));
        return stdout.includes('listens on ');
      });
    expect((await tested.runtime.inspect('blue')).state).toBe('running');
  });
}

function inspectContract(open: () => Promise<RuntimeUnderTest>): void {
  it('of a slot in which nothing ever ran says so', async () => {
    const { runtime } = await open();
    const nothing = {
      state: 'stopped',
      release: undefined,
      pid: undefined,
      memory: undefined,
      ports: [],
      taken: false,
    };
    expect(await runtime.inspect('blue')).toMatchObject(nothing);
  });

  it('tells the process, its port, its memory, and since when', async () => {
    const tested = await open();
    const { port } = await started(tested, { habits: 'big' });
    const seen = await tested.runtime.inspect('blue');
    const who = await ask<{ pid: number }>(port, '/who');
    expect(seen).toMatchObject({
      state: 'running',
      release: '7',
      pid: tested.hostPid ? expect.any(Number) : who?.pid,
      ports: [port],
      restarts: 0,
      taken: false,
    });
    expect(Math.abs(Date.now() - (seen.since ?? 0))).toBeLessThan(30_000);
    expect(seen.memory).toBeGreaterThan(50 * 1024 * 1024);
    expect(seen.memory).toBeLessThan(400 * 1024 * 1024);
  });

  it('tells the port on which it listens instead of its own', async () => {
    const tested = await open();
    const { port } = await started(tested, { port: tested.ports.green });
    expect(await tested.runtime.inspect('blue')).toMatchObject({ state: 'running', ports: [port], taken: false });
    expect(await tested.runtime.inspect('green')).toMatchObject({ state: 'stopped', taken: true });
  });

  it('tells that a stranger holds the port, and leaves the stranger alone', async () => {
    const tested = await open();
    const stranger = createServer();
    await new Promise<void>((go) => stranger.listen(tested.ports.blue, '127.0.0.1', go));
    onTestFinished(() => void stranger.close());
    expect(await tested.runtime.inspect('blue')).toMatchObject({ state: 'stopped', taken: true, ports: [] });
    await tested.runtime.stop('blue', grace);
    expect(stranger.listening).toBe(true);
  });
}
