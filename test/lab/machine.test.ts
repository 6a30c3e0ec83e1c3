import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootMachine, type Machine } from '../../lab/machine.ts';
import { traces } from '../../lab/machine-traces.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const BINDS = ['dist', 'package.json'].map((name) => ({
  from: join(ROOT, name),
  to: `/opt/cutover/${name}`,
}));

const UNIT = (target: string): string => `[Service]
ExecStart=/usr/local/bin/node -e "setInterval(() => {}, 1000)"
Restart=always
RestartSec=50ms
[Install]
WantedBy=${target}
`;

describe('a test machine', { timeout: 120_000 }, () => {
  let machine: Machine;

  beforeAll(async () => {
    machine = await bootMachine({ name: 'alpha', binds: BINDS, java: true });
  }, 600_000);

  afterAll(async () => machine.stop(), 60_000);

  const say = async (argv: readonly string[], user = 'root'): Promise<string> =>
    (await machine.exec(argv, { user })).stdout.trim();
  const mainPid = async (unit: string): Promise<string> => say(['systemctl', 'show', '-P', 'MainPID', unit]);
  const userUnit = async (): Promise<string> => say(['systemctl', '--user', 'is-active', 'mine'], 'deploy');

  test('has systemd as PID 1 and no failed unit', async () => {
    expect(await say(['systemctl', 'is-system-running'])).toBe('running');
    expect(await say(['cat', '/proc/1/comm'])).toBe('systemd');
    expect(await say(['hostname'])).toBe('alpha');
  });

  test('restarts a service that was killed, and starts an enabled one after a reboot', async () => {
    await machine.exec(['tee', '/etc/systemd/system/kept.service'], {
      input: UNIT('multi-user.target'),
    });
    await machine.exec(['tee', '/etc/systemd/system/lost.service'], {
      input: UNIT('multi-user.target'),
    });
    await machine.exec(['systemctl', 'daemon-reload']);
    await machine.exec(['systemctl', 'enable', '--now', 'kept']);
    await machine.exec(['systemctl', 'start', 'lost']);
    const before = await mainPid('kept');
    await machine.exec(['kill', '-9', before]);
    await eventually(async () => expect(['0', before]).not.toContain(await mainPid('kept')));
    await machine.reboot();
    expect(await say(['systemctl', 'is-active', 'kept'])).toBe('active');
    expect(await say(['systemctl', 'is-active', 'lost'])).toBe('inactive');
  });

  test('brings the units of a lingering user back after a reboot and after a power failure', async () => {
    await machine.exec(['loginctl', 'enable-linger', 'deploy']);
    await eventually(async () =>
      expect(await say(['systemctl', '--user', 'is-system-running'], 'deploy')).toBe('running'),
    );
    const folder = '.config/systemd/user';
    await machine.exec(['mkdir', '-p', folder], { user: 'deploy' });
    await machine.exec(['tee', `${folder}/mine.service`], {
      user: 'deploy',
      input: UNIT('default.target'),
    });
    await machine.exec(['systemctl', '--user', 'enable', '--now', 'mine'], { user: 'deploy' });
    expect(await userUnit()).toBe('active');
    await machine.reboot();
    await eventually(async () => expect(await userUnit()).toBe('active'));
    await machine.powerFail();
    await eventually(async () => expect(await userUnit()).toBe('active'));
    expect(await say(['whoami'], 'deploy')).toBe('deploy');
  });

  test('accounts memory for a unit of the system', async () => {
    expect(Number(await say(['systemctl', 'show', '-P', 'MemoryCurrent', 'nginx']))).toBeGreaterThan(500_000);
  });

  test('runs nginx as a service that the host reaches', async () => {
    expect(await say(['systemctl', 'is-active', 'nginx'])).toBe('active');
    const answer = await fetch(`http://${machine.address}/`);
    expect([answer.status, await answer.text()]).toEqual([200, 'a test machine\n']);
  });

  test.each(['root', 'deploy'])('runs the built cutover as %s and cannot change it', async (user) => {
    const asked = await machine.exec(['node', '/opt/cutover/dist/main.js', '--version'], {
      user,
    });
    expect(asked).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect((await machine.exec(['touch', '/opt/cutover/dist/main.js'], { user })).code).not.toBe(0);
  });

  test("runs the host's Java", async () => {
    expect((await machine.exec(['java', '-version'], { user: 'deploy' })).stderr).toMatch(/version "\d+/);
  });

  test('keeps the files copied into it, and says how a program ended', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cutover-machine-'));
    await writeFile(join(folder, 'one'), 'first');
    await machine.copyIn(folder, '/home/deploy/app', { user: 'deploy' });
    await machine.copyIn(join(folder, 'one'), '/srv/deep/two');
    await rm(folder, { recursive: true });
    expect(await say(['stat', '-c', '%U', '/home/deploy/app/one', '/srv/deep/two'])).toBe('deploy\nroot');
    expect(await say(['cat', '/home/deploy/app/one', '/srv/deep/two'])).toBe('firstfirst');
    expect(await machine.exec(['sh', '-c', 'echo "$A"; exit 7'], { env: { A: 'b c' }, cwd: '/srv' })).toMatchObject({
      code: 7,
      stdout: 'b c\n',
    });
    expect(await machine.exec(['sleep', '30'], { deadline: 200 })).toMatchObject({
      timedOut: true,
      code: 137,
    });
  });
});

describe('the end of a test machine', { timeout: 120_000 }, () => {
  test('leaves no namespace, interface, mount, cgroup, process or file behind', async () => {
    const [first, second] = await Promise.all([bootMachine({ name: 'beta' }), bootMachine({ name: 'gamma' })]);
    expect(first.address).not.toBe(second.address);
    for (const machine of [first, second]) {
      expect((await traces(machine.id)).toSorted()).toEqual(['cgroup', 'disk', 'interface', 'namespace', 'processes']);
    }
    await Promise.all([first.stop(), second.stop()]);
    for (const { id } of [first, second]) await eventually(async () => expect(await traces(id)).toEqual([]));
    await first.stop();
  });

  test('comes with the next machine when the run that booted it was killed', async () => {
    const script = `import { bootMachine } from ${JSON.stringify(join(ROOT, 'lab/machine.ts'))};
      void bootMachine({ name: 'orphan' }).then((machine) => console.log(machine.id));
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [id] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    child.kill('SIGKILL');
    await once(child, 'exit');
    const next = await bootMachine({ name: 'delta' });
    await next.stop();
    await eventually(async () => expect(await traces(id.trim())).toEqual([]));
  });
});

async function eventually(check: () => Promise<void>): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(30)) {
    const met = await check().then(
      () => true,
      () => false,
    );
    if (met) return;
  }
  await check();
}
