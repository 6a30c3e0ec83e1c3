import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startSshd, type Sshd } from '../../lab/sshd.ts';
import { connectionTo } from '../../src/drivers/host/ssh/connection.ts';
import { sshHost } from '../../src/drivers/host/ssh/host.ts';
import { identityOf } from '../../src/lib/process-identity.ts';
import type { Host } from '../../src/ports.ts';
import { hostContract } from '../contracts/host.ts';
import { rejection, until } from '../support/until.ts';

let sshd: Sshd;
let host: Host;
let runtime: string;

beforeAll(async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'cutover-home-'));
  runtime = await mkdtemp(path.join(tmpdir(), 'cutover-ssh-'));
  sshd = await startSshd({ HOME: home });
  for (const [name, value] of Object.entries({ ...sshd.env, XDG_RUNTIME_DIR: runtime })) vi.stubEnv(name, value);
  host = await sshHost(sshd.url, { guarded: true });
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await sshd.stop();
  await rm(runtime, { recursive: true, force: true });
});

describe('a server over ssh', () => {
  hostContract(async () => ({ host, folder: await folder() }));

  it('says who we are there, and holds a process there that lives as long as we do', async () => {
    const { username, uid } = userInfo();
    expect(host.me).toMatchObject({ user: username, uid, remote: true, sudoUser: undefined });
    expect(await identityOf(host, host.me.pid)).toBeDefined();
    expect(readFileSync(`/proc/${host.me.pid}/cmdline`, 'utf8')).toContain('sh');
  });

  const hostile = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => !text.includes('\0'));
  const nasty = fc.constantFrom("'", '"', '\\', '\n', '$(id)', '`id`', '!!', '%s', '\u0001', '\u007f', '-', '--', 'é');
  const word = fc.oneof(
    hostile,
    nasty,
    fc.array(nasty).map((parts) => parts.join('')),
  );

  it('gives words, variables, folders and input to a program as they are, whatever is in them', async () => {
    const here = await folder();
    const show = `printf '%s\\0' "$@" "$VALUE" "$PWD"; cat`;
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 4 }), word, word, async (words, value, input) => {
        const cwd = path.join(here, "it's $(id) `id` \\ \n here");
        await host.run(['mkdir', '-p', cwd]);
        const { stdout } = await host.run(['sh', '-c', show, 'show', ...words], { env: { VALUE: value }, cwd, input });
        const bytes = (text: string) => Buffer.from(text).toString();
        expect(stdout.split('\0')).toEqual([...words, value, cwd, input].map(bytes));
      }),
      { numRuns: 60 },
    );
  });

  it('writes and reads back any text under any name', async () => {
    const here = await folder();
    const name = word.filter((text) => text !== '' && !/^\.{1,2}$|\//.test(text) && Buffer.from(text).length < 100);
    await fc.assert(
      fc.asyncProperty(name, word, async (file, text) => {
        const at = `${here}/${Buffer.from(file).toString()}`;
        await host.write(at, text);
        expect(await host.read(at)).toBe(Buffer.from(text).toString());
        await host.run(['rm', '--', at]);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses what no program can be given', async () => {
    expect(await rejection(host.run(['echo', 'a\0b']))).toBeInstanceOf(RangeError);
    expect(await rejection(host.run(['echo'], { env: { 'A=B;id': 'x' } }))).toBeInstanceOf(RangeError);
  });

  it('tells what is at a path without following it', async () => {
    const here = await folder();
    await chmod(here, 0o750);
    await symlink('/nowhere', path.join(here, 'link'));
    const { uid } = userInfo();
    expect(await host.read(here, { look: true })).toBe(`${uid} 750 directory`);
    expect(await host.read(path.join(here, 'link'), { look: true })).toContain('symbolic link');
    expect(await host.read(path.join(here, 'none'), { look: true })).toBeUndefined();
  });

  it('answers many at once in their own order', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        host.run(
          ['sh', '-c', `echo ${index}; echo e${index} >&2; exit ${index}`],
          index % 3 ? {} : { deadline: 60_000 },
        ),
      ),
    );
    expect(answers.map(({ code, stdout, stderr }) => [code, stdout, stderr])).toEqual(
      answers.map((_, index) => [index, `${index}\n`, `e${index}\n`]),
    );
  });

  it('lets no program eat the scripts that follow it', async () => {
    expect((await Promise.all([host.run(['cat']), host.run(['echo', 'still here'])]))[1]?.stdout).toBe('still here\n');
  });
});

describe('an upload', () => {
  const big = async (): Promise<{ file: string; content: Buffer; digest: string }> => {
    const file = path.join(await folder(), 'shop.jar');
    const content = randomBytes(3_000_000);
    await writeFile(file, content);
    return { file, content, digest: createHash('sha256').update(content).digest('hex') };
  };

  it('tells how far it is, and sends nothing that is there already', async () => {
    const { file, content } = await big();
    const keep = path.join(await folder(), 'uploads');
    const seen: number[] = [];
    const first = await host.copy(file, path.join(await folder(), 'a'), { keep, progress: (sent) => seen.push(sent) });
    expect(seen.at(-1)).toBe(content.length);
    expect(first).toContain('3 MB in ');
    const to = path.join(await folder(), 'b');
    expect(await host.copy(file, to, { keep })).toBe('already there');
    expect(content.equals(await readFile(to))).toBe(true);
  });

  it('goes on where it broke off', async () => {
    const { file, content, digest } = await big();
    const keep = await folder();
    await writeFile(path.join(keep, `${digest}.partial`), content.subarray(0, 2_000_000));
    const seen: number[] = [];
    const to = path.join(await folder(), 'to');
    const words = await host.copy(file, to, { keep, progress: (sent) => seen.push(sent) });
    expect(seen[0]).toBeGreaterThan(2_000_000);
    expect(words).toContain('2 MB were there');
    expect(content.equals(await readFile(to))).toBe(true);
  });

  it.each(['another start', 'too long'])('begins anew when what is there is no part of it: %s', async (kind) => {
    const { file, content, digest } = await big();
    const keep = await folder();
    const partial = path.join(keep, `${digest}.partial`);
    await writeFile(partial, randomBytes(1_000_000));
    if (kind === 'too long') await truncate(partial, content.length + 5);
    const to = path.join(await folder(), 'to');
    await host.copy(file, to, { keep });
    expect(content.equals(await readFile(to))).toBe(true);
    expect(readdirSync(keep)).toEqual([digest]);
  });

  it('does not believe a kept file that somebody changed', async () => {
    const { file, content } = await big();
    const keep = await folder();
    await host.copy(file, path.join(await folder(), 'a'), { keep });
    const [kept = ''] = readdirSync(keep);
    await writeFile(path.join(keep, kept), 'spoilt');
    const to = path.join(await folder(), 'b');
    await host.copy(file, to, { keep });
    expect(content.equals(await readFile(to))).toBe(true);
  });

  it('can be called off, and what was sent is kept', async () => {
    const { file, digest } = await big();
    const keep = await folder();
    const controller = new AbortController();
    const copying = host.copy(file, path.join(keep, 'to'), {
      keep,
      signal: controller.signal,
      progress: () => controller.abort(new Error('called off')),
    });
    expect(String(await rejection(copying))).toContain('called off');
    expect(readdirSync(keep).filter((name) => name !== `${digest}.partial`)).toEqual([]);
  });
});

describe('requests from a server whose sshd forwards nothing', () => {
  it('are made by its own curl, which is given no secret in its words', async () => {
    const closed = await startSshd({ HOME: await folder() }, 'AllowTcpForwarding no\n');
    onTestFinished(() => closed.stop());
    for (const [name, value] of Object.entries(closed.env)) vi.stubEnv(name, value);
    onTestFinished(() => Object.entries(sshd.env).forEach(([name, value]) => vi.stubEnv(name, value)));
    const other = await sshHost(closed.url);
    const words: string[] = [];
    const server = createServer((request, response) => {
      words.push(...curlsNow());
      response.writeHead(404, { 'X-Seen': request.headers['host'] ?? '' }).end('한글\nbody');
    });
    await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-token`;
    const answer = await other.request({ url, headers: { host: 'shop.example.com' }, timeout: 5000 });
    expect(answer).toMatchObject({ status: 404, body: '한글\nbody' });
    expect(answer.headers['x-seen']).toBe('shop.example.com');
    expect(answer.from?.address).toBe('127.0.0.1');
    expect(words).not.toEqual([]);
    expect(words.join()).not.toContain('secret-token');
    const nobody = await rejection(other.request({ url: 'http://127.0.0.1:1/', timeout: 5000 }));
    expect(nobody).toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('a connection', () => {
  it('that cannot be made is told with the words of ssh, and the exit code of what changed nothing', async () => {
    const failure = await rejection(sshHost('ssh://nobody@127.0.0.1:1'));
    expect(failure).toMatchObject({
      exit: 5,
      fields: { code: 'UNREACHABLE', why: expect.stringContaining('refused') },
    });
  });

  it('that is lost fails what is under way, and ends it on the server too', async () => {
    const here = await folder();
    vi.stubEnv('XDG_RUNTIME_DIR', here);
    onTestFinished(() => void vi.stubEnv('XDG_RUNTIME_DIR', runtime));
    const lost = await sshHost(sshd.url, { guarded: true });
    const pidFile = path.join(here, 'pid');
    const script = 'echo $$ > "$1"; while :; do sleep 0.05; done';
    const running = rejection(lost.run(['sh', '-c', script, 'loop', pidFile], { deadline: 600_000 }));
    await until(async () => Number(await readFile(pidFile, 'utf8').catch(() => '')) > 0);
    const pid = (await readFile(pidFile, 'utf8')).trim();
    const [program = '', ...words] = connectionTo(sshd.url).control('exit');
    execFileSync(program, words, { stdio: 'ignore' });
    expect(await running).toMatchObject({ exit: 6, fields: { code: 'CONNECTION_LOST' } });
    expect(await rejection(lost.read('/etc/hostname'))).toMatchObject({ fields: { code: 'CONNECTION_LOST' } });
    await until(() => !readdirSync('/proc').includes(pid));
    await until(() => !readdirSync('/proc').includes(String(lost.me.pid)));
  });

  it('through a folder that others may enter is refused', async () => {
    const open = await folder();
    const made = path.join(open, `cutover-${userInfo().uid}`);
    vi.stubEnv('XDG_RUNTIME_DIR', open);
    onTestFinished(() => void vi.stubEnv('XDG_RUNTIME_DIR', runtime));
    await mkdir(made, { mode: 0o755 });
    expect(await rejection(sshHost(sshd.url))).toMatchObject({ exit: 3, fields: { code: 'SOCKETS_OPEN' } });
  });
});

function curlsNow(): string[] {
  const texts = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    });
  return texts.filter((text) => text.startsWith('curl\0'));
}

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'cutover-host-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}
