import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../src/ports.ts';
import { until } from '../support/until.ts';
import { hostFilesContract } from './host-files.ts';
import { hostRequestContract } from './host-request.ts';

export interface HostUnderTest {
  host: Host;
  /** An empty folder on that host. */
  folder: string;
}

/** What every host must do. `open` is called once for each test. */
export function hostContract(open: () => Promise<HostUnderTest>): void {
  describe('run', () => {
    runContract(open);
  });
  hostFilesContract(open);
  hostRequestContract(open);
}

const hostile = [
  '$(id)',
  '`id`',
  '; id',
  '&& id',
  '| id',
  '> x',
  '*',
  '~',
  "'",
  '"',
  '\\',
  '\n',
  ' ',
  '',
  '-n',
  '한글',
  '$HOME',
  '#',
];

function runContract(open: () => Promise<HostUnderTest>): void {
  it('tells the exit code and both outputs', async () => {
    const { host } = await open();
    expect(await host.run(['sh', '-c', 'echo out; echo err >&2; exit 7'])).toEqual({
      code: 7,
      stdout: 'out\n',
      stderr: 'err\n',
      timedOut: false,
    });
  });

  it('gives commands that run beside each other the same search path and language', async () => {
    const { host } = await open();
    const surroundings = async () => {
      const { stdout } = await host.run(['sh', '-c', 'sleep 0.1; echo "$LC_ALL $PATH"'], { deadline: 10_000 });
      return stdout;
    };
    const [first, ...others] = await Promise.all([surroundings(), surroundings(), surroundings()]);
    expect(first).toMatch(/^C .*:\/usr\/sbin:/);
    expect(others).toEqual([first, first]);
  });

  it('tells 128 + n of a program that a signal ended', async () => {
    const { host } = await open();
    expect((await host.run(['sh', '-c', 'kill -TERM $$'])).code).toBe(143);
    expect((await host.run(['sh', '-c', 'kill -KILL $$'])).code).toBe(137);
  });

  it('tells 127 of a program that does not exist, and says its name', async () => {
    const { host } = await open();
    const result = await host.run(['no-such-program-of-cutover', 'x']);
    expect(result).toMatchObject({ code: 127, timedOut: false });
    expect(result.stderr).toContain('no-such-program-of-cutover');
  });

  it('passes words on as they are; no shell reads them', async () => {
    const { host, folder } = await open();
    const { stdout } = await host.run(['printf', '%s\\0', ...hostile], { cwd: folder });
    expect(stdout.split('\0').slice(0, -1)).toEqual(hostile);
    expect((await host.run(['ls', '-A', folder])).stdout).toBe('');
  });

  it('passes any words on as they are', async () => {
    const { host } = await open();
    const word = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 5 }), async (words) => {
        const { stdout } = await host.run(['printf', '%s\\0', ...words]);
        expect(stdout.split('\0').slice(0, -1)).toEqual(words);
      }),
      { numRuns: 15 },
    );
  });

  it('gives a program its input, and closes it', async () => {
    const { host } = await open();
    const input = `${'line 한글 $x\n'.repeat(20_000)}end`;
    expect((await host.run(['cat'], { input })).stdout).toBe(input);
    expect((await host.run(['cat'])).stdout).toBe('');
  });

  it('is not upset by a program that does not want its input', async () => {
    const { host } = await open();
    expect((await host.run(['true'], { input: 'x'.repeat(1_000_000) })).code).toBe(0);
  });

  it('sets the folder and variables it was given', async () => {
    const { host, folder } = await open();
    const result = await host.run(['sh', '-c', 'pwd; printf %s "$CUTOVER_X"'], {
      cwd: folder,
      env: { CUTOVER_X: ' $(id)"' },
    });
    expect(result.stdout).toBe(`${folder}\n $(id)"`);
  });

  it.each(['deadline', 'signal'] as const)('ends the whole group of processes at a %s', async (kind) => {
    const { host, folder } = await open();
    const script = 'sleep 60 & echo $! > "$1"; sleep 60';
    const cancel = new AbortController();
    const options = kind === 'deadline' ? { deadline: 400 } : { signal: cancel.signal };
    setTimeout(() => cancel.abort(), 400);
    const began = performance.now();
    const result = await host.run(['sh', '-c', script, 'group', path.join(folder, 'pid')], options);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(result).toMatchObject({ code: 137, timedOut: kind === 'deadline' });
    const child = ((await host.read(path.join(folder, 'pid'))) ?? '').trim();
    expect(child).toMatch(/^\d+$/);
    await until(async () => (await host.run(['sh', '-c', 'kill -0 "$1"', 'kill', child])).code !== 0);
  });

  it('starts nothing once its signal is aborted', async () => {
    const { host, folder } = await open();
    const file = path.join(folder, 'made');
    await host.run(['sh', '-c', 'sleep 0.2; : > "$1"', 'make', file], { signal: AbortSignal.abort() });
    await new Promise((go) => setTimeout(go, 500));
    expect(await host.read(file)).toBeUndefined();
  });
}
