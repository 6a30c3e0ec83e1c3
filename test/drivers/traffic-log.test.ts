import { appendFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loggedRequest } from '../../src/drivers/traffic/line.ts';
import { advanced, logTraffic } from '../../src/drivers/traffic/log.ts';
import { localHost } from '../../src/drivers/host/local.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { temporary } from '../support/folders.ts';

const config = parseConfig('/srv/shop/cutover.yaml', 'app: shop\nartifact: shop.jar\n');
const line = (request: string, status: number, addresses: string, times: string) =>
  `127.0.0.1 - - [28/Nov/2026:12:00:00 +0000] "${request}" ${status} 5 "-" "curl" "${addresses}" "${times}" "shop.example.com"\n`;
const good = line('GET /a?b=c HTTP/1.1', 200, '127.0.0.1:8081', '0.012');

describe('a line of the log', () => {
  it('tells who answered, how, and after how long', () => {
    expect(loggedRequest(config, good.trimEnd())).toEqual({
      method: 'GET',
      target: '/a?b=c',
      host: 'shop.example.com',
      agent: 'curl',
      status: 200,
      slot: 'blue',
      passedOver: [],
      answered: true,
      time: 12,
    });
  });

  it('names the one that was asked last', () => {
    const both = line('POST /a HTTP/1.1', 200, '127.0.0.1:8081, 127.0.0.1:8082', '-, 0.002');
    expect(loggedRequest(config, both.trimEnd())).toMatchObject({
      slot: 'green',
      passedOver: ['blue'],
      answered: true,
      time: 2,
    });
    const none = line('POST /a HTTP/1.1', 502, '127.0.0.1:8081', '-');
    expect(loggedRequest(config, none.trimEnd())).toMatchObject({ slot: 'blue', answered: false, time: undefined });
  });

  it('is left out when it is torn, or of another kind', () => {
    for (let end = 0; end < good.length - 1; end += 1)
      expect(loggedRequest(config, good.slice(0, end))).toBeUndefined();
    fc.assert(fc.property(fc.string(), (text) => void loggedRequest(config, text)));
  });
});

async function logOf() {
  const log = path.join(await temporary(), 'access.log');
  await writeFile(log, good);
  return { log, traffic: logTraffic(localHost(), config, log) };
}

describe('reading on in the log', () => {
  it('gives each line once, and one that is being written when it is whole', async () => {
    const { log, traffic } = await logOf();
    let mark = (await traffic.mark()) ?? '';
    let seen = 0;
    const read = async () => {
      const more = await traffic.read(mark);
      mark = more.mark;
      seen += more.requests.length;
    };
    for (const part of [good, good.slice(0, 30), good.slice(30), good + good.slice(0, 5)]) {
      await appendFile(log, part);
      await read();
    }
    expect(seen).toBe(3);
    await appendFile(log, good.slice(5));
    await read();
    await read();
    expect(seen).toBe(4);
  });

  it('goes on where it was after a rotation', async () => {
    const { log, traffic } = await logOf();
    const mark = (await traffic.mark()) ?? '';
    await appendFile(log, good);
    await rename(log, `${log}.1`);
    await appendFile(`${log}.1`, good);
    const between = await traffic.read(mark);
    expect(between.requests).toHaveLength(2);
    await appendFile(`${log}.1`, good);
    await writeFile(log, good + good.slice(0, 9));
    const after = await traffic.read(between.mark);
    expect(after.requests).toHaveLength(2);
    await appendFile(log, good.slice(9));
    expect((await traffic.read(after.mark)).requests).toHaveLength(1);
    expect((await traffic.since(mark)).requests).toBe(5);
  });

  it('says nothing where nothing is', async () => {
    const { log, traffic } = await logOf();
    await rename(log, `${log}.gone`);
    expect(await traffic.mark()).toBeUndefined();
    expect((await traffic.read('1:5')).requests).toEqual([]);
    expect(advanced('1:5', '')).toEqual({ next: '1:5', text: '' });
  });

  it('counts what was lost, and what the standby answered', async () => {
    const { log, traffic } = await logOf();
    const mark = (await traffic.mark()) ?? '';
    await appendFile(log, line('GET / HTTP/1.1', 200, '127.0.0.1:8081, 127.0.0.1:8082', '-, 0.002'));
    await appendFile(log, line('GET / HTTP/1.1', 502, '127.0.0.1:8081, 127.0.0.1:8082', '-, -'));
    await appendFile(log, line('POST / HTTP/1.1', 502, '127.0.0.1:8081', '-'));
    await appendFile(log, line('POST / HTTP/1.1', 503, '127.0.0.1:8081', '0.1'));
    expect(await traffic.since(mark)).toEqual({ requests: 4, lost: 2 });
    expect(await traffic.failovers(mark)).toEqual({
      requests: 1,
      seconds: 1,
      last: '28/Nov/2026:12:00:00 +0000',
    });
  });
});
