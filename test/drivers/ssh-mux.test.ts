import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { forwardByMux } from '../../src/drivers/host/ssh/mux.ts';

const forward = { file: '/nowhere', host: '127.0.0.1', port: 80 };
const hello = [8, 1, 4];
const agreed = [8, 0x8000_0001, 1];
const refused = [12, 0x8000_0003, 1, 0];

/** That it is understood is tried with the real one in the contract of the host. */
describe('an answer of the shared connection', () => {
  it.each([
    ['agreed', [...hello, ...agreed], true],
    ['refused', [...hello, ...refused], false],
    ['to another question', [...hello, 8, 0x8000_0001, 2], false],
    ['of another version', [8, 1, 5, ...agreed], false],
    ['in another language', [0x4854_5450, 0x2f31_2e31], false],
    ['that is none', [], false],
  ])('%s', async (_, words, expected) => {
    expect(await forwardByMux(await answering(words), forward)).toBe(expected);
  });

  it('cannot come where no connection is', async () => {
    expect(await forwardByMux('/nowhere/at all', forward)).toBe(false);
  });
});

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
