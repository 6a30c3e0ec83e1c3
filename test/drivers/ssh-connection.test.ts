import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startSshd } from '../../lab/sshd.ts';
import { connectionTo } from '../../src/drivers/host/ssh/connection.ts';
import { sshHost } from '../../src/drivers/host/ssh/host.ts';
import { stub, temporaryFolder, useSshHost } from '../support/ssh-host.ts';
import { rejection, until } from '../support/until.ts';

const tested = useSshHost();

describe('requests from a server whose sshd forwards nothing', () => {
  it('are made by its own curl, which is given no secret in its words', async () => {
    const closed = await startSshd({ HOME: await temporaryFolder() }, 'AllowTcpForwarding no\n');
    onTestFinished(() => closed.stop());
    stub(closed.env);
    onTestFinished(() => stub(tested.sshd().env));
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
    const here = await temporaryFolder();
    stub({ XDG_RUNTIME_DIR: here });
    onTestFinished(() => void stub({ XDG_RUNTIME_DIR: tested.runtime() }));
    const lost = await sshHost(tested.sshd().url, { guarded: true });
    const pidFile = path.join(here, 'pid');
    const script = 'echo $$ > "$1"; while :; do sleep 0.05; done';
    const running = rejection(lost.run(['sh', '-c', script, 'loop', pidFile], { deadline: 600_000 }));
    await until(async () => Number(await readFile(pidFile, 'utf8').catch(() => '')) > 0);
    const pid = (await readFile(pidFile, 'utf8')).trim();
    const [program = '', ...words] = connectionTo(tested.sshd().url).exit;
    execFileSync(program, words, { stdio: 'ignore' });
    expect(await running).toMatchObject({ exit: 6, fields: { code: 'CONNECTION_LOST' } });
    expect(await rejection(lost.read('/etc/hostname'))).toMatchObject({ fields: { code: 'CONNECTION_LOST' } });
    await until(() => !readdirSync('/proc').includes(pid));
    await until(() => !readdirSync('/proc').includes(String(lost.me.pid)));
  });

  it('through a folder that others may enter is refused', async () => {
    const open = await temporaryFolder();
    const made = path.join(open, `cutover-${userInfo().uid}`);
    stub({ XDG_RUNTIME_DIR: open });
    onTestFinished(() => void stub({ XDG_RUNTIME_DIR: tested.runtime() }));
    await mkdir(made, { mode: 0o755 });
    expect(await rejection(sshHost(tested.sshd().url))).toMatchObject({ exit: 3, fields: { code: 'SOCKETS_OPEN' } });
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
