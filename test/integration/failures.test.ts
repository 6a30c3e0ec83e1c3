import { createServer } from 'node:http';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { Load } from '../../lab/strict-client.ts';
import { createStand, mustBeDone, type Finished, type Stand } from '../support/stand.ts';

const quick = 'health: { path: /health, deadline: 3s }\nupstream: { idle: 200ms }\n';
let stand: Stand;
let load: Load;

beforeAll(async () => {
  stand = await createStand({ config: quick });
  mustBeDone(await stand.cutover('deploy'));
  mustBeDone(await stand.cutover('deploy'));
  load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 20, rate: 200 });
});

afterAll(async () => {
  await stand?.stop();
});

async function refused(result: Promise<Finished>, exit: number, code: string): Promise<string> {
  const { code: got, stderr } = await result;
  expect(stderr).toContain(code);
  expect(got, stderr).toBe(exit);
  load.fireIdleNow();
  const status = await stand.status();
  expect(status).toMatchObject({ live: 'green', agreement: true, deployment: null });
  expect(status.slots.green).toMatchObject({ state: 'live', release: '2' });
  return stderr;
}

describe('an application that', () => {
  test.each([
    ['exits at start', 'exit', 'APP_EXITED', 'exit code 3'],
    ['never listens', 'never-listen', 'HEALTH_TIMEOUT', 'connection refused'],
    ['answers 503 for ever', 'unhealthy', 'HEALTH_TIMEOUT', 'answered 503'],
  ])('%s is refused and leaves the traffic where it was', async (_, fail, code, words) => {
    stand.configure(`${quick}env: { FAIL: ${fail} }`);
    const stderr = await refused(stand.cutover('deploy'), 5, code);
    expect(stderr).toContain(words);
    expect(stderr).toContain('100 % on green (release 2). Nothing your users see has changed.');
    expect((await stand.status()).slots.blue.state).toBe('stopped');
  });

  test('listens elsewhere is told so, with the port it took', async () => {
    stand.configure(`${quick.replace('3s', '60s')}env: { FAIL: elsewhere }`);
    expect(await refused(stand.cutover('deploy'), 5, 'LISTENS_ELSEWHERE')).toMatch(/listens on \d+ instead of/);
  });
});

describe('a foreign process', () => {
  test('on the port of the idle slot stops a deploy before anything is touched', async () => {
    stand.configure(quick);
    const stranger = createServer((_, answer) => answer.end('UP')).listen(stand.ports.blue, '127.0.0.1');
    const stderr = await refused(stand.cutover('deploy'), 5, 'PORT_TAKEN');
    expect(stderr).not.toContain('start ');
    await new Promise((closed) => stranger.close(closed));
  });

  test('that takes the port while the release starts does not pass for it', async () => {
    stand.configure(`${quick}env: { FAIL: never-listen }\nhooks: { after_start: [sleep, "0.5"] }`);
    const deploying = stand.cutover('deploy');
    await waitFor(() => stand.journal().filter((entry) => entry['kind'] === 'step').length > 0);
    const stranger = createServer((_, answer) => answer.end('UP'));
    await new Promise((up) =>
      setTimeout(() => stranger.listen(stand.ports.blue, '127.0.0.1', () => up(undefined)), 200),
    );
    await refused(deploying, 5, 'PORT_TAKEN');
    await new Promise((closed) => stranger.close(closed));
  });
});

describe('an artifact that', () => {
  test('is missing is a configuration error', async () => {
    stand.configure(quick, path.join(stand.dir, 'nothing-*.jar'));
    await refused(stand.cutover('deploy'), 3, 'ARTIFACT_MISSING');
  });

  test('is called a jar and is none is named', async () => {
    writeFileSync(path.join(stand.dir, 'app.jar'), 'not a zip');
    stand.configure(quick, path.join(stand.dir, 'app.jar'));
    expect(await refused(stand.cutover('deploy'), 3, 'ARTIFACT_MISSING')).toContain('app.jar');
    rmSync(path.join(stand.dir, 'app.jar'));
  });
});

describe('a hook that', () => {
  test.each(['before_start', 'after_start', 'before_switch', 'after_switch', 'activate'])(
    'fails at %s takes everything back',
    async (hook) => {
      stand.configure(`${quick}hooks: { ${hook}: [sh, -c, 'echo broken hook; exit 7'] }`);
      expect(await refused(stand.cutover('deploy'), 5, 'HOOK_FAILED')).toContain('broken hook');
    },
  );

  test('asks for the release is told where its copy lies, and runs in the folder of the file', async () => {
    const says = 'echo told {slot} of $(ls {artifact} | grep server) in $(pwd); exit 7';
    stand.configure(`${quick}hooks: { before_switch: [sh, -c, '${says}'] }`);
    const told = `told blue of server.js in ${path.dirname(stand.config)}`;
    expect(await refused(stand.cutover('deploy'), 5, 'HOOK_FAILED')).toContain(told);
  });

  test('hangs is ended at its deadline', async () => {
    stand.configure(`${quick}hooks: { before_switch: { run: [sleep, '60'], deadline: 300ms } }`);
    expect(await refused(stand.cutover('deploy'), 5, 'HOOK_FAILED')).toContain('not done after 300 ms');
  });
});

describe('the world changed by somebody else', () => {
  test('another deploy at the same time exits 4 and names who holds the lock', async () => {
    stand.configure(`${quick}hooks: { before_start: [sleep, '2'] }`);
    const first = stand.cutover('deploy');
    await waitFor(() => stand.journal().at(-1)?.['kind'] === 'step');
    const second = await stand.cutover('deploy');
    expect(second.code).toBe(4);
    expect(second.stderr).toMatch(/LOCKED[\s\S]*process \d+/);
    mustBeDone(await first);
    stand.configure(quick);
    mustBeDone(await stand.cutover('rollback', '2'));
  });

  test('a switch that was moved by hand is a disagreement, shown and not guessed', async () => {
    const traffic = path.join(stand.state, 'traffic');
    mkdirSync(traffic, { recursive: true });
    await import('node:fs/promises').then(({ rename }) =>
      rename(path.join(traffic, 'green'), path.join(traffic, 'blue')),
    );
    const { code, stderr } = await stand.cutover('deploy');
    expect(code).toBe(6);
    expect(stderr).toMatch(/DISAGREEMENT[\s\S]*records say green is live, the router sends the traffic to blue/);
    expect((await stand.status()).agreement).not.toBe(true);
    mustBeDone(await stand.cutover('recover', '--trust', 'records'));
    expect(await stand.status()).toMatchObject({ live: 'green', agreement: true });
  });
});

test('through all of it no request was lost', async () => {
  const report = await load.stop();
  console.log(`failed deploys: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
});

async function waitFor(done: () => boolean): Promise<void> {
  for (let tries = 0; !done() && tries < 500; tries++) await new Promise((next) => setTimeout(next, 10));
}
