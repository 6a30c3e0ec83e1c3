import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import { startSshd, type Sshd } from '../../lab/sshd.ts';
import type { Load } from '../../lab/strict-client.ts';
import { finding } from '../support/doctor.ts';
import { createDockerStand, type DockerStand } from '../support/docker-stand.ts';
import { finished, mustBeDone } from '../support/stand.ts';
import { until } from '../support/until.ts';

const config = 'health: { path: /health, deadline: 20s }\nupstream: { server: node, idle: 200ms }\ngrace: 3s\n';
let docker: DockerStand;
let sshd: Sshd;
let load: Load;

/** The engine's socket is known on the far side of the connection alone. */
beforeAll(async () => {
  docker = await createDockerStand({ config });
  await docker.image('shop:2', 'ENV APP_VERSION=2');
  await docker.image('shop:bad', 'ENV FAIL=exit');
  await docker.image('shop:slow', 'ENV FAIL=slow-start:15');
  sshd = await startSshd({ DOCKER_HOST: docker.engine.env['DOCKER_HOST'] ?? '' });
  Object.assign(process.env, sshd.env, { DOCKER_HOST: sshd.url });
  mustBeDone(await docker.stand.cutover('deploy'));
  load = await startLoadProcess({ url: docker.stand.url, host: docker.stand.host, connections: 20, rate: 100 });
});

afterAll(async () => {
  Object.assign(process.env, docker?.engine.env);
  await docker?.stop();
  await sshd?.stop();
});

async function timed(...words: string[]): Promise<number> {
  const began = performance.now();
  mustBeDone(await docker.stand.cutover(...words));
  load.fireIdleNow();
  return performance.now() - began;
}

test('deploy, rollback, status and logs go over ssh alone, and lose nothing', async () => {
  const { stand } = docker;
  const before = sshd.accepted();
  const [deploy, rollback] = [await timed('deploy', 'shop:2'), await timed('rollback', '1')];
  const connections = sshd.accepted() - before;
  console.log(
    `over ssh: deploy ${Math.round(deploy)} ms, rollback ${Math.round(rollback)} ms, ${connections} connections`,
  );
  expect(connections).toBeGreaterThan(10);
  expect(await stand.status()).toMatchObject({ live: 'blue', agreement: true, deployment: null });
  expect((await stand.cutover('logs', 'blue')).stdout).toContain('listens on 8080');
});

test('one connection that is shared does as well, and leaves nobody waiting', async () => {
  sshd.configure(`ControlMaster auto\nControlPath ${sshd.env['HOME']}/.ssh/%C\nControlPersist 2s\n`);
  const before = sshd.accepted();
  const [deploy, rollback] = [await timed('deploy', 'shop:2'), await timed('rollback', '1')];
  const connections = sshd.accepted() - before;
  console.log(
    `over one ssh connection: deploy ${Math.round(deploy)} ms, rollback ${Math.round(rollback)} ms, ${connections} connections`,
  );
  expect(connections).toBeLessThan(10);
});

test('a release that fails is removed over there too', async () => {
  const { stand, engine } = docker;
  const { code, stderr } = await stand.cutover('deploy', 'shop:bad');
  expect(stderr).toContain('APP_EXITED');
  expect(code, stderr).toBe(5);
  expect(await stand.status()).toMatchObject({ live: 'blue', agreement: true, deployment: null });
  expect(await engine.docker('ps', '--all', '--quiet', '--filter=name=green')).toBe('');
  load.fireIdleNow();
});

describe('a connection that is lost', () => {
  test.each<[string, string, string, RegExp]>([
    ['while the release is on trial', 'shop:slow', config, /traffic +100 % on blue. Nothing your users see/],
    [
      'just before the switch',
      'shop:2',
      `${config}hooks: { before_switch: { run: 'while [ -e hold ]; do sleep 0.05; done', shell: true, deadline: 90s } }\n`,
      /traffic +100 % on green, and whether it runs cannot be seen now/,
    ],
  ])(
    '%s: it is said, the public keeps being served, and the next command puts it right',
    async (_, image, lines, traffic) => {
      const { stand, engine } = docker;
      const before = await stand.status();
      const hold = path.join(path.dirname(stand.config), 'hold');
      writeFileSync(hold, '');
      stand.configure(lines);
      const deploy = stand.start('deploy', image);
      const done = finished(deploy);
      await until(async () => (await engine.docker('ps', '--quiet', '--filter=name=green')) !== '', 60_000);
      const wanted = lines === config ? 'probe' : 'hook';
      await until(() => stepOf(stand.journal()) === wanted, 60_000);
      await sshd.down();
      rmSync(hold);
      const { code, stderr } = await done;
      stand.configure(config);
      expect(stderr).toMatch(/DOCKER_DOWN[\s\S]*left +green .*cannot be seen now/);
      expect(code, stderr).toBe(6);
      expect(stderr).toMatch(traffic);
      for (const words of [['status'], ['deploy'], ['rollback']]) {
        const refused = await stand.cutover(...words);
        expect(refused.stderr).toMatch(/DOCKER_DOWN[\s\S]*over ssh/);
        expect(refused.code).toBe(5);
      }
      load.fireIdleNow();
      await sshd.up();
      mustBeDone(await stand.cutover('recover'));
      const after = await stand.status();
      expect(after).toMatchObject({ live: before.live, agreement: true, deployment: null });
      expect(after.slots[before.live ?? 'blue']).toMatchObject({ state: 'live', pid: before.slots.blue.pid });
      expect(await engine.docker('ps', '--all', '--quiet', '--filter=name=green')).toBe('');
      load.fireIdleNow();
    },
  );

  function stepOf(journal: readonly Record<string, unknown>[]): string | undefined {
    const begin = journal.findLast(({ kind }) => kind === 'begin') as { plan: { do: string }[] } | undefined;
    const step = journal.at(-1) as { kind: string; index: number } | undefined;
    return step?.kind === 'step' ? begin?.plan[step.index]?.do : undefined;
  }
});

describe('an engine behind an open TCP port', () => {
  test.each([
    ['named by DOCKER_HOST', { DOCKER_HOST: 'tcp://127.0.0.1:2375' }],
    ['named by the context', { DOCKER_HOST: '', DOCKER_CONTEXT: 'open' }],
  ])('%s is refused, and nothing is asked of it', async (_, variables) => {
    const { stand, engine } = docker;
    const kept = { DOCKER_HOST: process.env['DOCKER_HOST'], DOCKER_CONTEXT: 'default' };
    if ('DOCKER_CONTEXT' in variables)
      await engine.docker('context', 'create', 'open', '--docker', 'host=tcp://127.0.0.1:2375');
    const journal = stand.journal();
    Object.assign(process.env, variables);
    for (const words of [['deploy'], ['rollback'], ['status'], ['down', '--yes']]) {
      const { code, stderr } = await stand.cutover(...words);
      expect(stderr).toMatch(/DOCKER_OPEN_SOCKET[\s\S]*2375[\s\S]*ssh:\/\//);
      expect(code, stderr).toBe(3);
    }
    expect((await finding(stand, 'live-slot')).says).toContain('TCP port without TLS');
    Object.assign(process.env, kept);
    expect(stand.journal()).toEqual(journal);
  });
});

test('through all of it no request was lost', async () => {
  const report = await load.stop();
  console.log(`an engine over ssh: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
});
