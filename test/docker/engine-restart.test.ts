import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { Report } from '../../src/doctor/examine.ts';
import { createDockerStand, type DockerStand } from '../support/docker-stand.ts';
import { mustBeDone } from '../support/stand.ts';
import { until } from '../support/until.ts';

const settings = `health: { path: /health, deadline: 20s }
upstream: { server: node, idle: 200ms }
container:
  port: 8080
  network: backend
  addresses: { blue: 172.30.7.111, green: 172.30.7.112 }
`;
let docker: DockerStand;

/** nginx on the host passes to the containers themselves, not to the helper of the engine that publishes their ports. */
beforeAll(async () => {
  const network = ['network', 'create', '--subnet', '172.30.7.0/24', 'backend'];
  docker = await createDockerStand(
    { config: settings, beforeSetup: () => void execFileSync('docker', network, { stdio: 'pipe' }) },
    ['--live-restore'],
  );
  for (const _ of ['blue', 'green']) mustBeDone(await docker.stand.cutover('deploy'));
});

afterAll(async () => docker?.stop());

test('the slots have no port of this machine, and status and doctor find nothing wrong with that', async () => {
  const { stand, engine } = docker;
  expect(await engine.docker('ps', '--format', '{{.Ports}}')).not.toContain('->');
  const status = await stand.status();
  expect(status).toMatchObject({ live: 'green', agreement: true, frontDoor: { slot: 'green', status: 200 } });
  expect(status.slots).toMatchObject({ blue: { state: 'standby', port: 8080 }, green: { state: 'live', port: 8080 } });
  const report = JSON.parse((await stand.cutover('doctor', '--json')).stdout) as Report;
  expect(report.findings.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
});

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'an engine that is ended by %s and started again loses no request, with live-restore and addresses',
  async (signal) => {
    const { stand, engine } = docker;
    const before = await stand.status();
    const load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 20, rate: 200 });
    await engine.down(signal);
    expect((await stand.cutover('deploy')).stderr).toContain('DOCKER_DOWN');
    load.fireIdleNow();
    await engine.up();
    await until(async () => (await stand.cutover('status')).code === 0, 60_000);
    expect((await stand.status()).live).toBe(before.live);
    mustBeDone(await stand.cutover('deploy'));
    mustBeDone(await stand.cutover('rollback'));
    const report = await load.stop();
    console.log(`engine ended by ${signal} and started again: ${report.lost} of ${report.sent} requests lost`);
    expect(report.losses).toEqual([]);
  },
);
