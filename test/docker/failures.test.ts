import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../lab/docker.ts';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { Load } from '../../lab/strict-client.ts';
import { createDockerStand, type DockerStand } from '../support/docker-stand.ts';
import { mustBeDone } from '../support/stand.ts';

const run = promisify(execFile);
const quick = 'health: { path: /health, deadline: 4s }\nupstream: { server: node, idle: 200ms }\n';
let docker: DockerStand;
let load: Load;

beforeAll(async () => {
  docker = await createDockerStand({ config: quick });
  mustBeDone(await docker.stand.cutover('deploy'));
  load = await startLoadProcess({ url: docker.stand.url, host: docker.stand.host, connections: 20, rate: 100 });
});

afterAll(async () => docker?.stop());

async function refused(words: readonly string[], exit: number, code: string): Promise<string> {
  const { code: got, stderr } = await docker.stand.cutover('deploy', ...words);
  expect(stderr).toContain(code);
  expect(got, stderr).toBe(exit);
  load.fireIdleNow();
  const status = await docker.stand.status();
  expect(status).toMatchObject({ live: 'blue', agreement: true, deployment: null });
  expect(status.slots.blue).toMatchObject({ state: 'live', release: '1' });
  expect(status.slots.green.state).toBe('stopped');
  return stderr;
}

describe('an image that', () => {
  test('nobody has, from a registry that is down, stops the deploy before anything is touched', async () => {
    expect(await refused(['127.0.0.1:5/shop:9'], 5, 'STAGE_FAILED')).toContain('could not be fetched');
  });

  test('is for another processor is told so', async () => {
    expect(await refused([await archiveForArm(docker.engine)], 5, 'WRONG_ARCHITECTURE')).toContain('linux/arm64');
  });

  test('has an entrypoint that is not there', async () => {
    await docker.image('shop:entry', 'ENTRYPOINT ["/no/such/program"]');
    expect(await refused(['shop:entry'], 5, 'APP_EXITED')).toContain('/no/such/program');
  });

  test.each([
    ['exits at once', 'ENV FAIL=exit', 'APP_EXITED', 'exit code 3'],
    ['never listens', 'ENV FAIL=never-listen', 'HEALTH_TIMEOUT', ''],
    ['answers 503 for ever', 'ENV FAIL=unhealthy', 'HEALTH_TIMEOUT', 'answered 503'],
    [
      'is healthy for us but not for its own HEALTHCHECK',
      'HEALTHCHECK --interval=100ms --retries=1 CMD ["node", "-e", "process.exit(1)"]',
      'HEALTH_TIMEOUT',
      'its HEALTHCHECK says',
    ],
  ])('%s is refused and removed', async (_, lines, code, words) => {
    await docker.image('shop:bad', lines);
    const stderr = await refused(['shop:bad'], 5, code);
    expect(stderr).toContain(words);
    expect(await docker.engine.docker('ps', '--all', '--quiet', '--filter=name=green')).toBe('');
  });
});

test('a HEALTHCHECK that is content lets the release through', async () => {
  await docker.image('shop:checked', 'HEALTHCHECK --interval=200ms CMD ["node", "-e", ""]');
  mustBeDone(await docker.stand.cutover('deploy', 'shop:checked'));
  expect((await docker.stand.status()).live).toBe('green');
  mustBeDone(await docker.stand.cutover('rollback'));
  await docker.engine.docker('rm', '--force', 'cutover-shop-green');
});

test('a container of somebody else with our name is left alone, and the deploy says whose it is', async () => {
  const id = await docker.engine.docker('create', '--name=cutover-shop-green', 'shop:1');
  expect(await refused([], 5, 'CONTAINER_TAKEN')).toContain("somebody else's container");
  expect(await docker.engine.docker('ps', '--all', '--quiet', '--no-trunc', '--filter=name=cutover-shop-green')).toBe(
    id,
  );
  await docker.engine.docker('rm', id);
});

test('through all of it no request was lost', async () => {
  const report = await load.stop();
  console.log(`failed deploys of containers: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
});

/** What `docker save` writes on an ARM machine: the same layers, another word in the configuration. */
async function archiveForArm({ dir, docker: engine }: Engine): Promise<string> {
  const [folder, archive] = [path.join(dir, 'arm'), path.join(dir, 'arm.tar')];
  mkdirSync(folder);
  await engine('tag', 'shop:1', 'shop:arm');
  await engine('save', '--output', archive, 'shop:arm');
  await run('tar', ['-C', folder, '-xf', archive]);
  const [{ Config: name }] = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as [
    { Config: string },
  ];
  const file = path.join(folder, name);
  writeFileSync(file, readFileSync(file, 'utf8').replace('"architecture":"amd64"', '"architecture":"arm64"'));
  await run('tar', ['-C', folder, '-cf', archive, '.']);
  return archive;
}
