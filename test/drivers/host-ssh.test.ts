import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { identityOf } from '../../src/lib/process-identity.ts';
import { hostContract } from '../contracts/host.ts';
import { stub, temporaryFolder, useSshHost } from '../support/ssh-host.ts';
import { rejection } from '../support/until.ts';

const tested = useSshHost();

describe('a server over ssh', () => {
  hostContract(async () => ({ host: tested.host(), folder: await temporaryFolder() }));

  it('says who we are there, and holds a process there that lives as long as we do', async () => {
    const { username, uid } = userInfo();
    expect(tested.host().me).toMatchObject({ user: username, uid, remote: true, sudoUser: undefined });
    expect(await identityOf(tested.host(), tested.host().me.pid)).toBeDefined();
    expect(readFileSync(`/proc/${tested.host().me.pid}/cmdline`, 'utf8')).toContain('sh');
  });

  const hostile = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !text.includes('\0'));
  const nasty = fc.constantFrom("'", '"', '\\', '\n', '$(id)', '`id`', '!!', '%s', '\u0001', '\u007f', '-', '--', 'é');
  const word = fc.oneof(
    hostile,
    nasty,
    fc.array(nasty).map((parts) => parts.join('')),
  );

  it('gives words, variables, folders and input to a program as they are, whatever is in them', async () => {
    const here = await temporaryFolder();
    const show = `printf '%s\\0' "$@" "$VALUE" "$PWD"; cat`;
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 4 }), word, word, async (words, value, input) => {
        const cwd = path.join(here, "it's $(id) `id` \\ \n here");
        await tested.host().run(['mkdir', '-p', cwd]);
        const { stdout } = await tested
          .host()
          .run(['sh', '-c', show, 'show', ...words], { env: { VALUE: value }, cwd, input });
        const bytes = (text: string) => Buffer.from(text).toString();
        expect(stdout.split('\0')).toEqual([...words, value, cwd, input].map(bytes));
      }),
      { numRuns: 60 },
    );
  });

  it('writes and reads back any text under any name', async () => {
    const here = await temporaryFolder();
    const name = word.filter((text) => text !== '' && !/^\.{1,2}$|\//.test(text) && Buffer.from(text).length < 100);
    await fc.assert(
      fc.asyncProperty(name, word, async (file, text) => {
        const at = `${here}/${Buffer.from(file).toString()}`;
        await tested.host().write(at, text);
        expect(await tested.host().read(at)).toBe(Buffer.from(text).toString());
        await tested.host().run(['rm', '--', at]);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses what no program can be given', async () => {
    expect(await rejection(tested.host().run(['echo', 'a\0b']))).toBeInstanceOf(RangeError);
    expect(await rejection(tested.host().run(['echo'], { env: { 'A=B;id': 'x' } }))).toBeInstanceOf(RangeError);
  });

  it('tells what is at a path without following it', async () => {
    const here = await temporaryFolder();
    await chmod(here, 0o750);
    await symlink('/nowhere', path.join(here, 'link'));
    const { uid } = userInfo();
    expect(await tested.host().read(here, { look: true })).toBe(`${uid} 750 directory`);
    expect(await tested.host().read(path.join(here, 'link'), { look: true })).toContain('symbolic link');
    expect(await tested.host().read(path.join(here, 'none'), { look: true })).toBeUndefined();
  });

  it('reads links at the same time as it would one by one', async () => {
    const here = await temporaryFolder();
    const at = (name: string) => path.join(here, name);
    await symlink('/nowhere', at('one'));
    await symlink('two\nlines', at('two'));
    const read = (...names: string[]) =>
      Promise.all(
        names.map((name) =>
          tested
            .host()
            .read(at(name), { link: true })
            .catch(() => 'refused'),
        ),
      );
    expect(await read('one', 'none', 'one')).toEqual(['/nowhere', undefined, '/nowhere']);
    expect(await read('one', 'two')).toEqual(['/nowhere', 'two\nlines']);
    await tested.host().write(at('file'), 'text');
    expect(await read('one', 'file')).toEqual(['/nowhere', 'refused']);
  });

  it('answers many at once in their own order', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        tested
          .host()
          .run(['sh', '-c', `echo ${index}; echo e${index} >&2; exit ${index}`], index % 3 ? {} : { deadline: 60_000 }),
      ),
    );
    expect(answers.map(({ code, stdout, stderr }) => [code, stdout, stderr])).toEqual(
      answers.map((_, index) => [index, `${index}\n`, `e${index}\n`]),
    );
  });

  it('lets no program eat the scripts that follow it', async () => {
    const [, after] = await Promise.all([tested.host().run(['cat']), tested.host().run(['echo', 'still here'])]);
    expect(after?.stdout).toBe('still here\n');
  });

  it('leads a request through the open connection without another program', async () => {
    const server = createServer((_, response) => response.end('found')).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    stub({ PATH: '' });
    onTestFinished(() => stub({ PATH: tested.sshd().env['PATH'] ?? '' }));
    const answer = await tested.host().request({ url: `http://127.0.0.1:${port}/`, timeout: 5000 });
    expect(answer).toMatchObject({ body: 'found' });
  });
});
