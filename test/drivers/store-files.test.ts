import { appendFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { asFailure, Failure } from '../../src/core/failure.ts';
import { localHost } from '../../src/drivers/host/local.ts';
import { fileStore } from '../../src/drivers/store/files.ts';
import { breakLock } from '../../src/drivers/store/lock.ts';
import { identityOf } from '../../src/lib/process-identity.ts';
import type { Store } from '../../src/ports.ts';
import { entry, release, storeContract } from '../contracts/store.ts';
import { isRoot, readOnly, temporary, tinyDisk } from '../support/folders.ts';
import { rejection } from '../support/until.ts';

const host = localHost();

describe('plain files', () => {
  storeContract(async () => {
    const state = await temporary();
    const journal = path.join(state, 'journal.jsonl');
    return {
      store: fileStore(host, state),
      tear: async () => truncate(journal, (await readFile(journal)).length - 20),
      stage: async (staged) => {
        await mkdir(path.join(state, 'releases', staged.id), { recursive: true });
        await writeFile(path.join(state, 'releases', staged.id, 'release.json'), `${JSON.stringify(staged)}\n`);
      },
    };
  });

  it('leaves out lines that are no entry, wherever they are', async () => {
    const state = await temporary();
    const store = fileStore(host, state);
    await store.append(entry(0));
    await appendFile(path.join(state, 'journal.jsonl'), '{"kind":"st\n\0\0\0\0\n\n');
    await store.append(entry(1));
    expect(await store.journal()).toEqual([entry(0), entry(1)]);
  });

  it('does not list a release that is half copied', async () => {
    const state = await temporary();
    await mkdir(path.join(state, 'releases', '.3.partial'), { recursive: true });
    await writeFile(path.join(state, 'releases', '.3.partial', 'release.json'), JSON.stringify(release('3')));
    expect(await fileStore(host, state).releases()).toEqual([]);
  });
});

describe('the owner of a lock', () => {
  it('that is dead loses it to the next, who is told from whom', async () => {
    const { store } = await planted({ pid: 4_194_303, started: 'some-boot/1' });
    expect(await store.lockOwner()).toMatchObject({ alive: false });
    const { takenOverFrom } = await store.lock('deploy');
    expect(takenOverFrom).toMatchObject({ pid: 4_194_303, command: 'deploy' });
  });

  it('whose pid now belongs to another process is dead', async () => {
    const started = (await identityOf(host, process.pid))?.replace(/\d+$/, '1') ?? '';
    const { store } = await planted({ started });
    expect(await store.lockOwner()).toMatchObject({ alive: false });
    expect((await store.lock('deploy')).takenOverFrom).toBeDefined();
  });

  it('of an earlier boot is dead, whatever has its pid now', async () => {
    const started = (await identityOf(host, process.pid))?.replace(/^[^/]*/, 'an-earlier-boot') ?? '';
    const { store } = await planted({ started });
    expect(await store.lockOwner()).toMatchObject({ alive: false });
  });

  it('on another host is never taken for dead', async () => {
    const { store } = await planted({ host: 'elsewhere', pid: 4_194_303 });
    expect(await store.lockOwner()).toMatchObject({ alive: true });
    expect(await rejection(store.lock('deploy'))).toMatchObject({ fields: { code: 'LOCKED' } });
  });

  it.each([
    ['was emptied', ''],
    ['was filled with zeros', '\0'.repeat(120)],
    ['was torn', '{"user":"me","pid":1'],
  ])('whose ticket %s by a power failure is nobody, and the next takes it', async (_, text) => {
    const { state, store } = await planted({});
    await writeFile(path.join(state, 'lock', '7'), text);
    expect(await store.lockOwner()).toBeUndefined();
    const lock = await store.lock('deploy');
    expect(lock.takenOverFrom).toBeUndefined();
    expect(await store.lockOwner()).toMatchObject({ command: 'deploy', alive: true });
  });

  it('loses it when a person breaks it, and does no harm when it lets go later', async () => {
    const state = await temporary();
    const store = fileStore(host, state);
    const first = await store.lock('first');
    await breakLock(host, path.join(state, 'lock'));
    await store.lock('second');
    await first.release();
    expect(await store.lockOwner()).toMatchObject({ command: 'second', alive: true });
  });
});

describe.runIf(isRoot)('a state directory that cannot be written (needs root)', () => {
  it.each([
    ['a full disk', tinyDisk],
    ['a read-only file system', readOnly],
  ])('%s is a failure in clear words for the lock and for the journal', async (_, mounted) => {
    const state = await mounted();
    const store = fileStore(host, state);
    const locked = await rejection(store.lock('deploy'));
    expect(locked).toBeInstanceOf(Failure);
    expect(locked).toMatchObject({
      exit: 5,
      fields: { code: 'STATE_NOT_WRITABLE', what: expect.stringContaining(state) as string },
    });
    const appended = asFailure(
      await rejection(store.append(...Array.from({ length: 2000 }, (__, index) => entry(index)))),
    );
    expect(appended.exit).toBe(5);
    expect(appended.fields).toMatchObject({
      code: 'STATE_NOT_WRITABLE',
      what: expect.stringContaining(state) as string,
    });
    for (const failure of [locked as Failure, appended])
      expect(failure.fields.why).toMatch(/^[^\n]*(No space left on device|Read-only file system|ENOSPC|EROFS)[^\n]*$/);
  });

  it('a full disk that has room again keeps every entry that was said to be written', async () => {
    const state = await tinyDisk('room');
    const store = fileStore(host, state);
    await writeFile(path.join(state, 'ballast'), 'x'.repeat(8 * 1024));
    const kept: number[] = [];
    for (let index = 0; index < 200; index++) {
      const written = await store.append({ ...entry(index), code: 'x'.repeat(300), what: '', kind: 'abort' }).then(
        () => true,
        () => false,
      );
      if (written) kept.push(index);
    }
    expect(kept.length).toBeLessThan(200);
    await host.run(['rm', path.join(state, 'ballast')]);
    await store.append(entry(500));
    const journal = await store.journal();
    expect(journal.map((line) => line.at - 1_700_000_000_000)).toEqual([...kept, 500]);
  });
});

async function planted(owner: object): Promise<{ state: string; store: Store }> {
  const state = await temporary();
  await mkdir(path.join(state, 'lock'));
  const whole = { user: 'me', host: hostname(), pid: process.pid, started: '?', since: 1, command: 'deploy', ...owner };
  await writeFile(path.join(state, 'lock', '7'), `${JSON.stringify(whole)}\n`);
  return { state, store: fileStore(host, state) };
}
