import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import type { JournalEntry } from '../../src/core/journal.ts';
import type { Release } from '../../src/core/release.ts';
import type { Store } from '../../src/ports.ts';
import { rejection } from '../support/until.ts';

export interface StoreUnderTest {
  store: Store;
  /** Cuts the last entry of the journal in half, as a power failure does. */
  tear(): Promise<void>;
  /** Puts a release beside the others, as `stage` does. */
  stage(release: Release): Promise<void>;
}

/** What every store must do. `open` is called once for each test. */
export function storeContract(open: () => Promise<StoreUnderTest>): void {
  describe('journal', () => {
    journalContract(open);
  });
  describe('releases', () => {
    releasesContract(open);
  });
  describe('lock', () => {
    lockContract(open);
  });
}

function journalContract(open: () => Promise<StoreUnderTest>): void {
  it('is empty before anything was written', async () => {
    const { store } = await open();
    expect(await store.journal()).toEqual([]);
  });

  it('gives back what was appended, oldest first, whatever the words', async () => {
    const { store } = await open();
    const entries = [
      entry(0),
      { ...entry(1), code: 'X', what: 'a\nb "c" 한글 \u2028', kind: 'abort' } as JournalEntry,
      entry(2),
    ];
    await store.append(...entries.slice(0, 2));
    await store.append(...entries.slice(2));
    expect(await store.journal()).toEqual(entries);
  });

  it('leaves out a last line that was torn', async () => {
    const { store, tear } = await open();
    await store.append(entry(0), entry(1));
    await tear();
    expect(await store.journal()).toEqual([entry(0)]);
  });

  it('does not lose the entry that comes after a torn line', async () => {
    const { store, tear } = await open();
    await store.append(entry(0), entry(1));
    await tear();
    await store.append(entry(2));
    expect(await store.journal()).toEqual([entry(0), entry(2)]);
  });
}

function releasesContract(open: () => Promise<StoreUnderTest>): void {
  it('lists releases by their number, whatever order they came in', async () => {
    const { store, stage } = await open();
    expect(await store.releases()).toEqual([]);
    for (const id of ['10', '9', '2', '100']) await stage(release(id));
    expect((await store.releases()).map(({ id }) => id)).toEqual(['2', '9', '10', '100']);
    expect((await store.releases())[0]).toEqual(release('2'));
  });
}

function lockContract(open: () => Promise<StoreUnderTest>): void {
  it('is taken by one, who is named to the others', async () => {
    const { store } = await open();
    expect(await store.lockOwner()).toBeUndefined();
    const lock = await store.lock('cutover deploy');
    expect(lock.takenOverFrom).toBeUndefined();
    const owner = await store.lockOwner();
    expect(owner).toMatchObject({ command: 'cutover deploy', pid: process.pid, alive: true });
    const error = await rejection(store.lock('cutover rollback'));
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({ exit: 4, fields: { code: 'LOCKED' } });
    expect((error as Failure).fields.what).toContain('cutover deploy');
    expect((error as Failure).fields.why).toContain(String(process.pid));
  });

  it('can be taken again once it was let go, as often as wanted', async () => {
    const { store } = await open();
    for (let round = 0; round < 3; round++) {
      const lock = await store.lock('deploy');
      await lock.release();
      expect(await store.lockOwner()).toBeUndefined();
    }
  });

  it('goes to one only of those who want it at once', async () => {
    const { store } = await open();
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => store.lock('deploy')));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
}

export function entry(index: number): JournalEntry {
  return { kind: 'step', deployment: '1', at: 1_700_000_000_000 + index, index };
}

export function release(id: string): Release {
  return {
    id,
    digest: 'sha256:00',
    artifact: `/srv/releases/${id}/artifact`,
    name: 'shop "1".jar',
    at: 1_700_000_000_000,
    by: 'me@here',
    message: undefined,
    notReversible: undefined,
  };
}
