import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { headersOf } from '../../src/core/warm-requests.ts';

describe('the headers of a warm-up', () => {
  const config = (lines: string) => parseConfig('/srv/cutover.yaml', `app: shop\nartifact: a.jar\n${lines}`);
  const one = { method: 'GET', target: '/', host: undefined, agent: undefined } as const;
  const base = 'http://127.0.0.1:8081';

  it.each([
    ['the name that was logged', 'domain: shop.example.com', 'www.example.com', 'www.example.com'],
    ['the domain', 'domain: shop.example.com', undefined, 'shop.example.com'],
    ['the address, where there is no domain', '', undefined, '127.0.0.1:8081'],
  ])('are those that the front door adds, for %s', (_, lines, host, name) => {
    expect(headersOf(config(lines), { ...one, host }, base)).toEqual({
      'user-agent': 'cutover-warm-up',
      'x-real-ip': '127.0.0.1',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': '80',
      host: name,
      'x-forwarded-host': name,
    });
  });
});
