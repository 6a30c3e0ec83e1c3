import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { rejection } from '../support/until.ts';
import type { HostUnderTest } from './host.ts';

export function hostFilesContract(open: () => Promise<HostUnderTest>): void {
  describe('read', () => {
    readContract(open);
  });
  describe('write', () => {
    writeContract(open);
  });
  describe('copy', () => {
    copyContract(open);
  });
}

function readContract(open: () => Promise<HostUnderTest>): void {
  it('answers undefined where nothing is', async () => {
    const { host, folder } = await open();
    await host.write(path.join(folder, 'file'), 'x');
    expect(await host.read(path.join(folder, 'missing'))).toBeUndefined();
    expect(await host.read(path.join(folder, 'missing', 'below'))).toBeUndefined();
    expect(await host.read(path.join(folder, 'file', 'below'))).toBeUndefined();
    expect(await host.read(path.join(folder, 'missing'), { link: true })).toBeUndefined();
  });

  it('answers each of several that are asked for at once', async () => {
    const { host, folder } = await open();
    const texts = ['', 'no line break', 'one\n', '\n\n', 'END=', '한글\n', 'x'.repeat(200_000)];
    const files = texts.map((_, at) => path.join(folder, `$(id) ${at}`));
    for (const [at, file] of files.entries()) await host.write(file, texts[at] ?? '');
    const missing = path.join(folder, 'missing', 'below');
    const all = [...files, missing, '/proc/self/comm', ...files, missing];
    const [comm = ''] = (await Promise.all(all.map((file) => host.read(file)))).splice(texts.length + 1, 1);
    expect(comm).toMatch(/^\w+\n$/);
    const expected = [...texts, undefined, ...texts, undefined];
    const asked = all.filter((file) => !file.startsWith('/proc'));
    expect(await Promise.all(asked.map((file) => host.read(file)))).toEqual(expected);
    const mixed = await Promise.allSettled([...asked, folder].map((file) => host.read(file)));
    expect(mixed.pop()?.status).toBe('rejected');
    expect(mixed.map((one) => one.status === 'fulfilled' && one.value)).toEqual(expected);
  });

  it('reads every file that a star stands for, beside others', async () => {
    const { host, folder } = await open();
    const at = (...names: string[]) => path.join(folder, 'a $(id)', ...names);
    await host.run(['mkdir', '-p', at('2'), at("1'"), at('empty'), at('x y')]);
    for (const [name, text] of [
      ["1'", 'one\n'],
      ['2', 'two'],
      ['x y', ''],
    ] as const)
      await host.write(at(name, 'text'), text);
    const every = () => host.read(at('*', 'text'), { every: true });
    expect(await every()).toBe('one\ntwo');
    const together = [
      host.read(at('2', 'text')),
      every(),
      host.read(at('none')),
      host.read(at('*', 'none'), { every: true }),
    ];
    expect(await Promise.all([...together, host.read(at('x y', 'text'))])).toEqual([
      'two',
      'one\ntwo',
      undefined,
      '',
      '',
    ]);
  });

  it('tells where a link points, even to nothing', async () => {
    const { host, folder } = await open();
    const link = path.join(folder, 'link');
    await host.write(link, { link: 'nowhere/at all' });
    expect(await host.read(link, { link: true })).toBe('nowhere/at all');
    expect(await host.read(link)).toBeUndefined();
  });

  it('rejects what is there and cannot be read', async () => {
    const { host, folder } = await open();
    expect(await rejection(host.read(folder))).toBeInstanceOf(Error);
  });
}

function writeContract(open: () => Promise<HostUnderTest>): void {
  it.each(['', 'plain\n', '한글 \u{1f600} \\ $x `id` "\' \r\n', 'x'.repeat(3_000_000)])(
    'gives back what was written (%#)',
    async (text) => {
      const { host, folder } = await open();
      const file = path.join(folder, "a b ' $(id)");
      await host.write(file, text);
      expect(await host.read(file)).toBe(text);
    },
  );

  it('sets the mode that was asked for, whatever was there before', async () => {
    const tested = await open();
    const file = path.join(tested.folder, 'file');
    await tested.host.write(file, 'x');
    expect(await mode(tested, file)).toBe('644');
    await tested.host.write(file, 'x', { mode: 0o600 });
    expect(await mode(tested, file)).toBe('600');
    await tested.host.write(file, 'x', { mode: 0o755 });
    expect(await mode(tested, file)).toBe('755');
  });

  it('replaces a link itself, not what it points to', async () => {
    const { host, folder } = await open();
    const [target, link] = [path.join(folder, 'target'), path.join(folder, 'link')];
    await host.write(target, 'kept');
    await host.write(link, { link: target });
    await host.write(link, 'mine');
    expect([await host.read(target), await host.read(link)]).toEqual(['kept', 'mine']);
  });

  it('replaces a link by another one', async () => {
    const { host, folder } = await open();
    const link = path.join(folder, 'link');
    for (const target of ['a', 'b', 'a']) await host.write(link, { link: target });
    expect(await host.read(link, { link: true })).toBe('a');
  });

  it('moves the very file, and refuses to move what is not there', async () => {
    const { host, folder } = await open();
    const [from, to] = [path.join(folder, 'from'), path.join(folder, 'to')];
    await host.write(from, 'x');
    const inode = async (file: string) => (await host.run(['stat', '-c', '%i', file])).stdout;
    const before = await inode(from);
    await host.write(to, { move: from });
    expect([await inode(to), await host.read(from)]).toEqual([before, undefined]);
    await rejection(host.write(to, { move: from }));
    expect(await host.read(to)).toBe('x');
  });

  it('adds to the end, and makes the file with its mode when it is not there', async () => {
    const tested = await open();
    const file = path.join(tested.folder, 'log');
    await tested.host.write(file, 'a', { append: true, mode: 0o600 });
    await tested.host.write(file, 'b', { append: true });
    expect(await tested.host.read(file)).toBe('ab');
    expect(await mode(tested, file)).toBe('600');
  });

  it('never shows half of a file to a reader in a loop', async () => {
    const { host, folder } = await open();
    const file = path.join(folder, 'file');
    const size = 300_000;
    await host.write(file, 'a'.repeat(size));
    const writing = { on: true };
    const seen = new Set<string>();
    const reader = (async () => {
      while (writing.on) {
        const text = (await host.read(file)) ?? 'nothing';
        seen.add(
          text.length === size && text === (text[0] ?? '').repeat(size) ? (text[0] ?? '') : `half: ${text.length}`,
        );
      }
    })();
    for (let round = 0; round < 40; round++) await host.write(file, (round % 2 ? 'a' : 'b').repeat(size));
    writing.on = false;
    await reader;
    expect([...seen].toSorted()).toEqual(['a', 'b']);
  });

  it('leaves nothing behind when it cannot write', async () => {
    const { host, folder } = await open();
    await host.run(['mkdir', '-p', path.join(folder, 'taken', 'full')]);
    await rejection(host.write(path.join(folder, 'taken'), 'x'));
    await rejection(host.write(path.join(folder, 'missing', 'file'), 'x'));
    expect((await host.run(['ls', '-A', folder])).stdout).toBe('taken\n');
  });
}

function copyContract(open: () => Promise<HostUnderTest>): void {
  it('copies a file, whatever its name', async () => {
    const { host, folder } = await open();
    const from = path.join(folder, '-rf $(id) *');
    await host.write(from, 'x', { mode: 0o755 });
    await host.copy(from, path.join(folder, 'to'));
    expect(await host.read(path.join(folder, 'to'))).toBe('x');
    expect((await host.run(['stat', '-c', '%a', path.join(folder, 'to')])).stdout).toBe('755\n');
  });

  it('copies a folder, and what its links point to', async () => {
    const { host, folder } = await open();
    await host.run(['mkdir', '-p', path.join(folder, 'from', 'sub')]);
    await host.write(path.join(folder, 'outside'), 'linked');
    await host.write(path.join(folder, 'from', 'sub', '.hidden'), 'hidden');
    await host.write(path.join(folder, 'from', 'link'), { link: path.join(folder, 'outside') });
    await host.copy(path.join(folder, 'from'), path.join(folder, 'to'));
    await host.write(path.join(folder, 'outside'), 'changed');
    expect(await host.read(path.join(folder, 'to', 'sub', '.hidden'))).toBe('hidden');
    expect(await host.read(path.join(folder, 'to', 'link'))).toBe('linked');
  });

  it('rejects when there is nothing to copy, and says so', async () => {
    const { host, folder } = await open();
    expect(String(await rejection(host.copy(path.join(folder, 'missing'), path.join(folder, 'to'))))).toContain(
      'missing',
    );
  });
}

async function mode({ host }: HostUnderTest, file: string): Promise<string> {
  return (await host.run(['stat', '-c', '%a', file])).stdout.trim();
}
