import { afterAll, beforeAll, expect, test } from 'vitest';
import { springBootJar } from '../../lab/jars.ts';
import { startLoadProcess } from '../../lab/load-process.ts';
import { startEvents } from '../../lab/sse-client.ts';
import { startWebSockets } from '../../lab/websocket-client.ts';
import type { Load } from '../../lab/strict-client.ts';
import { createStand, mustBeDone, type Stand } from '../support/stand.ts';

/** Started again and again beside other tests: with the JVM's quick compiler alone. */
const health = `health: { path: /actuator/health/readiness, body: UP }
log_size: 1M
env: { JAVA_TOOL_OPTIONS: '-XX:TieredStopAtLevel=1' }
`;
let stand: Stand;
let load: Load;

beforeAll(async () => {
  const artifact = await springBootJar({ version: '1' });
  stand = await createStand({ artifact, config: health });
  mustBeDone(await stand.cutover('deploy'));
  load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 40, rate: 300 });
});

afterAll(async () => stand?.stop());

test('a Spring Boot jar is started with its port, its readiness and a graceful shutdown', async () => {
  const status = await stand.status();
  expect(status.slots.blue).toMatchObject({ state: 'live', release: '1', port: stand.ports.blue });
});

test('deploy, rollback and the next deploy lose nothing, WebSockets and events included', async () => {
  const sockets = await startWebSockets({
    url: `${stand.url.replace('http', 'ws')}/ws`,
    host: stand.host,
    connections: 5,
  });
  const events = await startEvents({ url: `${stand.url}/events`, host: stand.host, connections: 5 });
  stand.configure(health, await springBootJar({ version: '2' }));
  mustBeDone(await stand.cutover('deploy'));
  load.fireIdleNow();
  mustBeDone(await stand.cutover('rollback'));
  load.fireIdleNow();
  mustBeDone(await stand.cutover('rollback', '2'));
  load.fireIdleNow();
  const [echoes, seen] = [await sockets.stop(), await events.stop()];
  console.log(
    `WebSocket: ${echoes.echoed} of ${echoes.sent} echoed, SSE: ${seen.events} events, ${seen.cuts.length} cut`,
  );
  expect(echoes).toMatchObject({ unanswered: 0, cuts: [] });
  expect(seen.cuts).toEqual([]);
  mustBeDone(await stand.cutover('deploy'));
});

test('a jar whose application never becomes healthy is taken back', async () => {
  stand.configure(
    health.replace('UP', 'UP, deadline: 20s'),
    await springBootJar({ properties: { FAIL: 'unhealthy' } }),
  );
  const { code, stderr } = await stand.cutover('deploy');
  expect(code, stderr).toBe(5);
  expect(stderr).toContain('HEALTH_TIMEOUT');
});

test('through all of it no request was lost', async () => {
  const report = await load.stop();
  console.log(
    `Spring Boot: ${report.lost} of ${report.sent} requests lost, by release ${JSON.stringify(report.byRelease)}`,
  );
  expect(report.losses).toEqual([]);
  expect(Object.keys(report.byRelease)).toEqual(expect.arrayContaining(['1', '2', '3']));
});
