import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { end, remember } from '../../lab/cleanup.ts';
import { freePort } from '../../lab/free-port.ts';
import { springBootJar } from '../../lab/jars.ts';
import { root } from '../../lab/paths.ts';
import { startEvents } from '../../lab/sse-client.ts';
import { startLoad } from '../../lab/strict-client.ts';
import { startWebSockets } from '../../lab/websocket-client.ts';

test('the Spring Boot sample does all that its README says', { timeout: 180_000 }, async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn('java', ['-jar', await springBootJar({ version: '2.3.4' }), `--server.port=${port}`], {
    env: { ...process.env, CUTOVER_RELEASE: 'r7', CUTOVER_SLOT: 'green' },
    stdio: 'ignore',
  });
  const started = remember(child.pid ?? 0);
  await expect.poll(() => statusOf(`${url}/actuator/health/readiness`), { timeout: 100_000, interval: 100 }).toBe(200);
  const version = await (await fetch(`${url}/version`)).json();
  expect(version).toEqual({ version: '2.3.4', release: 'r7', slot: 'green', pid: child.pid });
  const load = await startLoad({ url, connections: 10, rate: 100 });
  const sockets = await startWebSockets({ url: `ws://127.0.0.1:${port}/ws`, connections: 3 });
  const streams = await startEvents({ url: `${url}/events`, connections: 3 });
  await sleep(500);
  expect(await load.stop()).toMatchObject({ losses: [] });
  expect(await sockets.stop()).toMatchObject({ unanswered: 0, cuts: [] });
  expect(streams.stop()).toMatchObject({ cuts: [] });
  await end(started);
  await expect.poll(() => child.exitCode).toBe(143);
});

test('a jar can be made that breaks at its start', { timeout: 180_000 }, async () => {
  const child = spawn('java', ['-jar', await springBootJar({ properties: { FAIL: 'exit' } })], { stdio: 'ignore' });
  remember(child.pid ?? 0);
  expect((await once(child, 'exit'))[0]).toBe(3);
});

test('a jar is built once, however many ask', { timeout: 180_000 }, async () => {
  const [one, other, newer] = await Promise.all([
    springBootJar(),
    springBootJar(),
    springBootJar({ version: '2.3.4' }),
  ]);
  expect(one).toBe(other);
  expect(newer).not.toBe(one);
  expect(existsSync(one)).toBe(true);
});

test.each([
  ['exit', 3],
  ['nonsense', 1],
])('the Node sample with FAIL=%s ends with %d', async (fail, status) => {
  const child = startNode({ FAIL: fail }, 0);
  expect((await once(child, 'exit'))[0]).toBe(status);
});

test('the Node sample answers what is in flight before it obeys SIGTERM', async () => {
  const port = await freePort();
  const child = startNode({ CUTOVER_RELEASE: 'r7' }, port);
  await expect.poll(() => statusOf(`http://127.0.0.1:${port}/health`)).toBe(200);
  const slow = fetch(`http://127.0.0.1:${port}/slow?ms=300`);
  await sleep(100);
  child.kill();
  expect(await (await slow).json()).toMatchObject({ release: 'r7' });
  expect((await once(child, 'exit'))[0]).toBe(0);
});

test('the Node sample is unhealthy, or elsewhere, on demand', async () => {
  const [port, other] = [await freePort(), await freePort()];
  const ill = startNode({ FAIL: 'unhealthy' }, port);
  const lost = startNode({ FAIL: `elsewhere:${other}` }, 1);
  await expect.poll(() => statusOf(`http://127.0.0.1:${port}/health`)).toBe(503);
  await expect.poll(() => statusOf(`http://127.0.0.1:${other}/health`)).toBe(200);
  ill.kill();
  lost.kill();
});

test('lab/run.mjs passes on arguments, exit codes and signals', async () => {
  const file = join(root, 'test', 'lab', 'fixture-run.ts');
  const quick = spawn(process.execPath, [join(root, 'lab', 'run.mjs'), file, '7'], { stdio: 'ignore' });
  expect((await once(quick, 'exit'))[0]).toBe(7);
  const patient = spawn(process.execPath, [join(root, 'lab', 'run.mjs'), file, 'wait'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(patient.stdout, 'data');
  patient.kill('SIGTERM');
  expect((await once(patient, 'exit'))[0]).toBe(9);
});

function startNode(env: Record<string, string>, port: number): ReturnType<typeof spawn> {
  const cwd = join(root, 'examples', 'node');
  const child = spawn(process.execPath, ['server.js'], {
    cwd,
    env: { ...process.env, PORT: `${port}`, ...env },
    stdio: 'ignore',
  });
  remember(child.pid ?? 0);
  return child;
}

async function statusOf(url: string): Promise<number> {
  return fetch(url).then(
    (answer) => answer.status,
    () => 0,
  );
}
