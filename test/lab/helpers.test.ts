import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readAnswer } from '../../lab/answer.ts';
import { end, endLeftovers, remember, runs, startTime } from '../../lab/cleanup.ts';
import { freePort, freePorts } from '../../lab/free-port.ts';
import { parseH2load } from '../../lab/h2.ts';
import { withLock } from '../../lab/lock.ts';
import { cacheDir, root } from '../../lab/paths.ts';

describe('free ports', () => {
  test('are different from each other in every process, and outside the ephemeral range', async () => {
    const here = await freePorts(50);
    const others = await Promise.all([portsElsewhere(50), portsElsewhere(50)]);
    await Promise.all(others.map(({ release }) => release()));
    const there = others.flatMap(({ ports }) => ports);
    expect(new Set([...here, ...there]).size).toBe(150);
    const [low = 0, high = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/).map(Number);
    expect(here.filter((port) => port >= low && port <= high)).toEqual([]);
  });

  test('can be listened on', async () => {
    const server = createServer().listen(await freePort(), '0.0.0.0');
    await once(server, 'listening');
    server.close();
  });
});

describe('cleaning up', () => {
  test('ends a process and removes its directory', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'cutover-test-'));
    const started = remember(await sleeper(), dir);
    expect(runs(started)).toBe(true);
    await end(started);
    expect(runs(started)).toBe(false);
    expect(existsSync(dir)).toBe(false);
    expect(existsSync(recordOf(started.pid))).toBe(false);
  });

  test('kills what does not obey', async () => {
    const child = spawn(
      process.execPath,
      ['-e', 'process.on("SIGTERM", () => 0); console.log(1); setInterval(() => 0, 1e5)'],
      {
        detached: true,
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    await once(child.stdout, 'data');
    const started = remember(child.pid ?? 0);
    await end(started, 100);
    expect(runs(started)).toBe(false);
  });

  test('ends what a killed run left, and nothing whose pid was given to somebody else', async () => {
    const left = remember(await sleeper());
    const innocent = remember(await sleeper());
    const dead = { pid: 4_000_000, start: '1' };
    writeFileSync(recordOf(left.pid), JSON.stringify({ ...left, by: dead }));
    writeFileSync(recordOf(innocent.pid), JSON.stringify({ ...innocent, start: '7', by: dead }));
    const ended = await endLeftovers();
    expect(ended.map(({ pid }) => pid)).toContain(left.pid);
    expect(runs(left)).toBe(false);
    expect(runs(innocent)).toBe(true);
    await end(innocent);
  });

  test('leaves alone what a living run has started', async () => {
    const mine = remember(await sleeper());
    await endLeftovers();
    expect(runs(mine)).toBe(true);
    await end(mine);
  });

  test('happens when a process ends without having cleaned up', async () => {
    const child = runTypeScript(`
      import { spawn } from 'node:child_process';
      import { remember } from ${JSON.stringify(join(root, 'lab', 'cleanup.ts'))};
      const child = spawn('sleep', ['300'], { stdio: 'ignore', detached: true });
      const { pid, start } = remember(child.pid ?? 0);
      process.stdout.write(JSON.stringify({ pid, start }), () => process.exit(0));
    `);
    const orphan = JSON.parse(await outputOf(child)) as { pid: number; start: string };
    await expect.poll(() => runs(orphan)).toBe(false);
  });
});

test('a lock lets one in at a time', async () => {
  const seen: string[] = [];
  const work = async (name: string): Promise<void> => {
    seen.push(`${name} in`);
    await new Promise((go) => setTimeout(go, 30));
    seen.push(`${name} out`);
  };
  await Promise.all([withLock('test', () => work('a')), withLock('test', () => work('b'))]);
  expect(seen).toHaveLength(4);
  expect(seen[1]?.[0]).toBe(seen[0]?.[0]);
});

test('an answer is read however its bytes are cut', () => {
  const whole = Buffer.from(
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n',
  );
  for (let cut = 0; cut < whole.length; cut += 1) expect(readAnswer(whole.subarray(0, cut))).toBe('incomplete');
  expect(readAnswer(whole)).toMatchObject({
    answer: { status: 200, body: Buffer.from('abc'), close: false },
    used: whole.length,
  });
});

test("h2load's closing lines are understood", () => {
  const report = parseH2load(`Application protocol: h2
requests: 105 total, 104 started, 103 done, 102 succeeded, 1 failed, 2 errored, 3 timeout
status codes: 102 2xx, 0 3xx, 0 4xx, 1 5xx
`);
  expect(report).toMatchObject({
    total: 105,
    done: 103,
    succeeded: 102,
    failed: 1,
    errored: 2,
    timeout: 3,
    protocol: 'h2',
  });
  expect(report.status).toEqual({ '2xx': 102, '3xx': 0, '4xx': 0, '5xx': 1 });
});

async function sleeper(): Promise<number> {
  const child = spawn('sleep', ['300'], { stdio: 'ignore', detached: true });
  await once(child, 'spawn');
  expect(startTime(child.pid ?? 0)).toMatch(/^\d+$/);
  return child.pid ?? 0;
}

interface HeldPorts {
  readonly ports: number[];
  /** They stay taken until this, which ends the process that has them. */
  release(): Promise<void>;
}

async function portsElsewhere(count: number): Promise<HeldPorts> {
  const child = runTypeScript(`
    import { freePorts } from ${JSON.stringify(join(root, 'lab', 'free-port.ts'))};
    process.stdout.write(JSON.stringify(await freePorts(${count})));
    process.stdin.resume().once('end', () => process.exit(0));
  `);
  const closed = once(child, 'close');
  const [data] = (await once(child.stdout ?? process.stdin, 'data')) as [Buffer];
  const release = async (): Promise<void> => {
    child.stdin?.end();
    await closed;
  };
  return { ports: JSON.parse(String(data)) as number[], release };
}

function runTypeScript(code: string): ChildProcess {
  const dir = mkdtempSync(join(tmpdir(), 'cutover-test-'));
  writeFileSync(join(dir, 'main.mts'), code);
  const child = spawn(process.execPath, ['--import', 'tsx', join(dir, 'main.mts')], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return child.once('close', () => rmSync(dir, { recursive: true }));
}

async function outputOf(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (data) => (text += String(data)));
  await once(child, 'close');
  return text;
}

function recordOf(pid: number): string {
  return join(cacheDir('running'), `${pid}.json`);
}
