import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../lab/free-port.ts';
import { startSshd } from '../../lab/sshd.ts';
import type { Channel } from '../../src/drivers/host/ssh/channel.ts';
import { connectionTo } from '../../src/drivers/host/ssh/connection.ts';
import { sshHost } from '../../src/drivers/host/ssh/host.ts';
import { addressed, muxOf, type Mux } from '../../src/drivers/host/ssh/mux.ts';
import { text as word } from '../../src/drivers/host/ssh/mux-wire.ts';
import { stub, temporaryFolder, useSshHost } from '../support/ssh-host.ts';

const hello = [8, 1, 4];
const tested = useSshHost();

describe('a shared connection that', () => {
  it.each([
    ['refuses', [...hello, 12, 0x8000_0003, 1, 0]],
    ['answers another question', [...hello, 8, 0x8000_000f, 2]],
    ['speaks another version', [8, 1, 5, 8, 0x8000_000f, 1]],
    ['speaks another language', [0x4854_5450, 0x2f31_2e31]],
    ['agrees and hangs up', [...hello, 8, 0x8000_000f, 1]],
    ['says nothing', []],
  ])('%s is as good as none', async (_, words) => {
    expect(await muxOf(await answering(words)).open('session')).toBe('absent');
  });

  it('is not there is none', async () => {
    expect(await muxOf('/nowhere/at all').open('session')).toBe('absent');
  });
});

describe('by way of the shared connection of a real server', () => {
  it('commands run beside each other, and each has its own output, errors and exit code', async () => {
    const mux = await muxOfServer();
    const ran = await Promise.all(
      [0, 1, 2, 3].map(async (code) => {
        const { stream, errors, closed } = await running(mux, `cat; echo "no ${code}" >&2; exit ${code}`);
        stream.end(`yes ${code}`);
        return [await text(stream), await text(errors), await closed];
      }),
    );
    expect(ran).toEqual([0, 1, 2, 3].map((code) => [`yes ${code}`, `no ${code}\n`, code]));
  });

  it('more is sent either way than fits at once', async () => {
    const { stream, closed } = await running(await muxOfServer(), 'sleep 0.3; cat');
    const much = 'all of it, in order\n'.repeat(400_000);
    stream.end(much);
    const back = await text(stream);
    expect(back.length).toBe(much.length);
    expect(back === much).toBe(true);
    expect(await closed).toBe(0);
  });

  it('a command that is given up ends, and leaves its place to others', async () => {
    const mux = await muxOfServer();
    for (let times = 0; times < 30; times += 1) {
      const { stream, closed } = await running(mux, 'echo begun; exec cat');
      await once(stream, 'data');
      stream.destroy();
      // `cat` met the end of its input.
      expect(await closed).toBe(0);
    }
  });

  it('a command that a signal ends has no exit code', async () => {
    const { stream, closed } = await running(await muxOfServer(), 'kill -s KILL $$');
    expect(await text(stream)).toBe('');
    expect(await closed).toBe(undefined);
  });

  it('nobody is found where nobody listens', async () => {
    const mux = await muxOfServer();
    expect(await mux.open('direct-tcpip', ...addressed('127.0.0.1', await freePort()))).toBe('refused');
  });

  it('what its configuration forbids is told apart from that', async () => {
    const closed = await startSshd({ HOME: await temporaryFolder() }, 'AllowTcpForwarding no\n');
    onTestFinished(() => closed.stop());
    stub(closed.env);
    onTestFinished(() => stub(tested.sshd().env));
    await sshHost(closed.url);
    const mux = muxOf(connectionTo(closed.url).socket);
    expect(await mux.open('direct-tcpip', ...addressed('127.0.0.1', Number(new URL(closed.url).port)))).toBe(
      'forbidden',
    );
  });
});

/** Somebody has connected before. */
async function muxOfServer(): Promise<Mux> {
  const { url } = tested.sshd();
  await sshHost(url);
  return muxOf(connectionTo(url).socket);
}

async function running(mux: Mux, command: string): Promise<Channel> {
  const channel = await mux.open('session');
  if (typeof channel === 'string') throw new Error(channel);
  channel.ask('exec', word(command));
  return channel;
}

/** A socket file whose owner says these numbers, a byte at a time, and hangs up. */
async function answering(numbers: readonly number[]): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cutover-mux-'));
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [at, number] of numbers.entries()) bytes.writeUInt32BE(number, at * 4);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    for (const byte of bytes) socket.write(Buffer.of(byte));
    socket.end();
  }).listen(path.join(folder, 'socket'));
  onTestFinished(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });
  await once(server, 'listening');
  return path.join(folder, 'socket');
}
