import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { Load } from '../../lab/strict-client.ts';
import { slots, type Slot } from '../../src/core/slot.ts';
import { request } from '../../src/drivers/host/request.ts';
import { mustHaveLostNothing } from '../support/lost-nothing.ts';
import { createStand, mustBeDone, nodeSample, type Stand } from '../support/stand.ts';

interface Told {
  readonly release: string;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

const telling = fileURLToPath(new URL('../support/telling.mjs', import.meta.url));
const home = mkdtempSync(path.join(tmpdir(), 'cutover-telling-'));
const artifact = path.join(home, 'app');
let stand: Stand;
let load: Load;

const shop = (warmup: string) => `health: { path: /health }
run: node --import ./telling.mjs server.js
env: { TOLD: ${path.join(home, 'told')} }
${warmup}`;

beforeAll(async () => {
  cpSync(nodeSample, artifact, { recursive: true });
  cpSync(telling, path.join(artifact, 'telling.mjs'));
  stand = await createStand({ artifact, config: shop('') });
  mustBeDone(await stand.cutover('deploy'));
});

beforeEach(async () => {
  load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 20, rate: 100 });
});

afterEach(async ({ task }) => mustHaveLostNothing(await load.stop(), task.name));

afterAll(async () => {
  await stand?.stop();
  rmSync(home, { recursive: true, force: true });
});

/** What the slots were asked since they were last forgotten. */
async function told(): Promise<Record<Slot, readonly Told[]>> {
  await sleep(200);
  return { blue: read('blue'), green: read('green') };
}

function read(slot: Slot): readonly Told[] {
  const file = path.join(home, `told.${slot}`);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Told);
}

function forget(): void {
  for (const slot of slots) rmSync(path.join(home, `told.${slot}`), { force: true });
}

const isWarming = ({ headers }: Told) => headers['user-agent'] === 'cutover-warm-up';
const isPublic = ({ url, method, headers }: Told) =>
  (url === '/version' || method === 'POST') && headers['user-agent'] === undefined;

interface Deployed {
  readonly code: number;
  readonly stderr: string;
  readonly before: Slot;
  readonly after: Slot;
  /** What the step said. */
  readonly said: string;
  /** Of the warm-up, by slot. */
  readonly asked: Readonly<Record<'live' | 'idle', readonly Told[]>>;
  readonly idle: readonly Told[];
}

async function deployWith(warmup: string): Promise<Deployed> {
  stand.configure(shop(warmup));
  const before = (await stand.status()).live ?? 'blue';
  forget();
  const { code, stderr } = await stand.cutover('deploy');
  const seen = await told();
  const other = before === 'blue' ? 'green' : 'blue';
  return {
    code,
    stderr,
    before,
    after: (await stand.status()).live ?? before,
    said: /[✓✗] warm +(.*)/.exec(stderr)?.[1] ?? '',
    asked: { live: seen[before].filter(isWarming), idle: seen[other].filter(isWarming) },
    idle: seen[other],
  };
}

function seconds(said: string): number {
  const [, number, unit] = /([\d.]+) (ms|s)$/.exec(said) ?? [];
  return Number(number) / (unit === 's' ? 1 : 1000);
}

describe('a warm-up', () => {
  test('by paths asks the idle slot alone, before anybody else does', async () => {
    const { code, stderr, before, after, said, asked, idle } = await deployWith(
      'warmup: { paths: [/, /version], deadline: 120s }\n',
    );
    expect(code, stderr).toBe(0);
    expect(after).not.toBe(before);
    expect(said).toMatch(/^[\d,]+ requests: 95 % in [\d.]+ ms, then [\d.]+ ms {2}/);
    expect(asked.live).toEqual([]);
    expect(asked.idle.length).toBeGreaterThanOrEqual(2000);
    expect(new Set(asked.idle.map(({ method, url }) => `${method} ${url}`))).toEqual(
      new Set(['GET /', 'GET /version']),
    );
    expect(asked.idle.every(({ headers }) => headers.host === stand.host)).toBe(true);
    const first = idle.findIndex(isPublic);
    expect(idle.slice(first).some(isWarming)).toBe(false);
  });

  test('by replay asks what the public asked, and says of nobody who it was', async () => {
    const headers = {
      host: stand.host,
      cookie: 'session=secret',
      authorization: 'Basic c2VjcmV0',
      'user-agent': 'Mozilla/5.0',
      'x-forwarded-for': '192.0.2.7',
      referer: 'http://shop.example.com/private',
    };
    for (const target of ['/?search=tea', '/logout?all=1', '/slow?ms=1']) {
      await request({ url: stand.url + target, headers, timeout: 5000 });
    }
    const { code, stderr, asked } = await deployWith('warmup: { replay: 500, skip: [/logout], deadline: 3s }\n');
    expect(code, stderr).toBe(0);
    expect(asked.live).toEqual([]);
    expect(new Set(asked.idle.map(({ method, url }) => `${method} ${url}`))).toEqual(
      new Set(['GET /?search=tea', 'GET /slow?ms=1', 'GET /version']),
    );
    const sent = new Set(asked.idle.flatMap((one) => Object.keys(one.headers)));
    expect([...sent].toSorted()).toEqual([
      'host',
      'user-agent',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-port',
      'x-forwarded-proto',
      'x-real-ip',
    ]);
    expect(JSON.stringify(asked.idle)).not.toContain('192.0.2.7');
  });

  test('that is answered 5xx is said, and fails nothing', async () => {
    const { code, stderr, before, after, said, asked } = await deployWith('warmup: { paths: /boom }\n');
    expect(code, stderr).toBe(0);
    expect(after).not.toBe(before);
    expect(said).toMatch(/^no answer to 250 requests/);
    expect(asked.idle).toHaveLength(250);
  });

  test('ends at its deadline, whatever hangs', async () => {
    const { code, stderr, before, after, said } = await deployWith('warmup: { paths: [/, /hang], deadline: 2s }\n');
    expect(code, stderr).toBe(0);
    expect(after).not.toBe(before);
    expect(said).toContain('not settled by the deadline');
    expect(seconds(said)).toBeGreaterThanOrEqual(2);
    expect(seconds(said)).toBeLessThan(5);
  });
});

describe('a warm-up at its deadline', () => {
  test('cuts nothing off: whatever is under way is answered', async () => {
    const { code, stderr, said, asked } = await deployWith("warmup: { paths: '/slow?ms=300', deadline: 1s }\n");
    expect(code, stderr).toBe(0);
    expect(said).toMatch(new RegExp(`^${asked.idle.length} requests: `));
  });
});

describe('a warm-up that is required', () => {
  test.each([
    ['is answered 5xx', 'paths: [/, /boom], deadline: 3s', 'answered 5xx'],
    ['is too slow for its deadline', "paths: '/slow?ms=50', deadline: 1s", 'at the deadline'],
  ])('and %s fails the deploy before it gets any traffic', async (_, lines, why) => {
    const { code, stderr, before, after, asked, idle } = await deployWith(`warmup: { ${lines}, required: true }\n`);
    expect(code, stderr).toBe(5);
    expect(stderr).toContain('NOT_WARM');
    expect(stderr).toContain(why);
    expect(after).toBe(before);
    expect(asked.live).toEqual([]);
    expect(idle.some(isPublic)).toBe(false);
    expect(await stand.status()).toMatchObject({ agreement: true, deployment: null });
  });

  test('and succeeds is as good as any', async () => {
    const { code, stderr, before, after } = await deployWith('warmup: { paths: /, required: true, deadline: 60s }\n');
    expect(code, stderr).toBe(0);
    expect(after).not.toBe(before);
  });
});
