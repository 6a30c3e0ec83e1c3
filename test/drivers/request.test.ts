import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { request } from '../../src/drivers/host/request.ts';
import { rejection } from '../support/until.ts';

const url = 'http://127.0.0.1/';
const never = (): Promise<Duplex> => new Promise(() => undefined);

/** What it does on connections that are there is in the contract of the host. */
describe('a request whose connection is not made', () => {
  it.each([undefined, true])('ends at its deadline (kept: %s)', async (kept) => {
    const error = await rejection(request({ url, timeout: 50, ...(kept ? { kept } : {}) }, never));
    expect(error).toMatchObject({ message: 'no answer in time' });
  });

  it('ends when it is called off', async () => {
    const error = await rejection(request({ url, timeout: 60_000, signal: AbortSignal.timeout(50) }, never));
    expect(error).toMatchObject({ message: 'interrupted' });
  });

  it('fails with what was in the way', async () => {
    const refused = Object.assign(new Error('nobody there'), { code: 'ECONNREFUSED' });
    expect(await rejection(request({ url, timeout: 60_000 }, () => Promise.reject(refused)))).toBe(refused);
  });

  it('gives up a connection that comes too late', async () => {
    let arrive: (connection: Duplex) => void = () => undefined;
    const late = request({ url, timeout: 50 }, () => new Promise((resolve) => (arrive = resolve)));
    await rejection(late);
    const connection = new Duplex({ read() {}, write: (_, __, done) => done() });
    const closed = new Promise((resolve) => connection.on('close', resolve));
    arrive(connection);
    await closed;
    expect(connection.destroyed).toBe(true);
  });
});
