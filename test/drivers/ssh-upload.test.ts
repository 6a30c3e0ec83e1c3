import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder, useSshHost } from '../support/ssh-host.ts';
import { rejection } from '../support/until.ts';

const tested = useSshHost();

describe('an upload', () => {
  const big = async (): Promise<{ file: string; content: Buffer; digest: string }> => {
    const file = path.join(await temporaryFolder(), 'shop.jar');
    const content = randomBytes(3_000_000);
    await writeFile(file, content);
    return { file, content, digest: createHash('sha256').update(content).digest('hex') };
  };

  it('tells how far it is, and sends nothing that is there already', async () => {
    const { file, content } = await big();
    const keep = path.join(await temporaryFolder(), 'uploads');
    const seen: number[] = [];
    const first = await tested
      .host()
      .copy(file, path.join(await temporaryFolder(), 'a'), { keep, progress: (sent) => seen.push(sent) });
    expect(seen.at(-1)).toBe(content.length);
    expect(first).toContain('3 MB in ');
    const to = path.join(await temporaryFolder(), 'b');
    expect(await tested.host().copy(file, to, { keep })).toBe('already there');
    expect(content.equals(await readFile(to))).toBe(true);
  });

  it('goes on where it broke off', async () => {
    const { file, content, digest } = await big();
    const keep = await temporaryFolder();
    await writeFile(path.join(keep, `${digest}.partial`), content.subarray(0, 2_000_000));
    const seen: number[] = [];
    const to = path.join(await temporaryFolder(), 'to');
    const words = await tested.host().copy(file, to, { keep, progress: (sent) => seen.push(sent) });
    expect(seen[0]).toBeGreaterThan(2_000_000);
    expect(words).toContain('2 MB were there');
    expect(content.equals(await readFile(to))).toBe(true);
  });

  it.each(['another start', 'too long'])('begins anew when what is there is no part of it: %s', async (kind) => {
    const { file, content, digest } = await big();
    const keep = await temporaryFolder();
    const partial = path.join(keep, `${digest}.partial`);
    await writeFile(partial, randomBytes(1_000_000));
    if (kind === 'too long') await truncate(partial, content.length + 5);
    const to = path.join(await temporaryFolder(), 'to');
    await tested.host().copy(file, to, { keep });
    expect(content.equals(await readFile(to))).toBe(true);
    expect(readdirSync(keep)).toEqual([digest]);
  });

  it('does not believe a kept file that somebody changed', async () => {
    const { file, content } = await big();
    const keep = await temporaryFolder();
    await tested.host().copy(file, path.join(await temporaryFolder(), 'a'), { keep });
    const [kept = ''] = readdirSync(keep);
    await writeFile(path.join(keep, kept), 'spoilt');
    const to = path.join(await temporaryFolder(), 'b');
    await tested.host().copy(file, to, { keep });
    expect(content.equals(await readFile(to))).toBe(true);
  });

  it('can be called off, and what was sent is kept', async () => {
    const { file, digest } = await big();
    const keep = await temporaryFolder();
    const controller = new AbortController();
    const copying = tested.host().copy(file, path.join(keep, 'to'), {
      keep,
      signal: controller.signal,
      progress: () => controller.abort(new Error('called off')),
    });
    expect(String(await rejection(copying))).toContain('called off');
    expect(readdirSync(keep).filter((name) => name !== `${digest}.partial`)).toEqual([]);
  });
});
