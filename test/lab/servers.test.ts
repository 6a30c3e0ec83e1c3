import { readdir, readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServers, type Server, type Servers } from '../../lab/servers.ts';
import { until } from '../support/until.ts';

describe('servers reached over ssh', { timeout: 60_000 }, () => {
  let servers: Servers;
  let alpha: Server;

  beforeAll(async () => {
    servers = await startServers(['alpha', 'beta']);
    alpha = servers.get('alpha');
  }, 600_000);

  afterAll(async () => {
    await servers?.stop();
    await servers?.stop();
  }, 60_000);

  test('run a command by name as the user deploy', async () => {
    expect(servers.all.map(({ name }) => name)).toEqual(['alpha', 'beta']);
    for (const name of ['alpha', 'beta']) {
      const asked = await servers.ssh(name, 'hostname; whoami; pwd').done;
      expect(asked).toMatchObject({ code: 0, stdout: `${name}\ndeploy\n/home/deploy\n` });
    }
    expect((await servers.ssh('root@beta', 'whoami').done).stdout).toBe('root\n');
  });

  test('have nothing of cutover, and let deploy be root without a password', async () => {
    expect((await servers.ssh('alpha', 'command -v cutover').done).code).not.toBe(0);
    expect(await servers.ssh('alpha', 'sudo -n whoami').done).toMatchObject({ code: 0, stdout: 'root\n' });
  });

  test('have keys of their own, which a private folder of the client knows', async () => {
    const known = (await readFile(`${servers.folder}/.ssh/known_hosts`, 'utf8')).trim().split('\n');
    expect(known.map((line) => line.split(' ')[0]).toSorted()).toEqual(
      servers.all.map((one) => one.address).toSorted(),
    );
    expect(new Set(known.map((line) => line.split(' ')[2])).size).toBe(2);
    expect((await stat(servers.folder)).mode & 0o777).toBe(0o700);
  });

  test('lose ssh in silence while the public is answered, and get it back', async () => {
    const running = servers.ssh('alpha', 'while echo tick; do sleep 0.02; done');
    const printed = (): number => running.output().stdout.length;
    await until(() => printed() > 0);
    await alpha.cutSsh();
    await sleep(300);
    const before = printed();
    const fresh = servers.ssh('-o', 'ConnectTimeout=1', 'alpha', 'true');
    expect(await (await fetch(alpha.url)).text()).toBe('a test machine\n');
    expect(await fresh.done).toMatchObject({ code: 255, stderr: expect.stringContaining('timed out') });
    expect(printed()).toBe(before);
    await alpha.mendSsh();
    await until(() => printed() > before);
    expect((await servers.ssh('alpha', 'true').done).code).toBe(0);
    running.signal('SIGTERM');
    await running.done;
  });

  test('vanish from the network in silence, and come back', async () => {
    await alpha.cut();
    await alpha.cut();
    const asked = fetch(alpha.url, { signal: AbortSignal.timeout(1000) });
    await expect(asked).rejects.toMatchObject({ name: 'TimeoutError' });
    expect((await servers.ssh('beta', 'true').done).code).toBe(0);
    await alpha.mend();
    await alpha.mend();
    expect((await fetch(alpha.url)).status).toBe(200);
    expect((await servers.ssh('alpha', 'true').done).code).toBe(0);
  });

  test('are refused by the client when their host key has changed, until it is trusted', async () => {
    await alpha.changeHostKey();
    const refused = await servers.ssh('alpha', 'true').done;
    expect(refused).toMatchObject({ code: 255, stderr: expect.stringContaining('Host key verification failed') });
    await alpha.trustHostKey();
    expect((await servers.ssh('alpha', 'true').done).code).toBe(0);
  });

  test('may have a disk that is soon full', async () => {
    await servers.ssh('alpha', 'mkdir small').done;
    const away = await alpha.smallDisk('/home/deploy/small', 1 << 20);
    const write = (count: number) => servers.ssh('alpha', `head -c ${count} /dev/zero > small/file`).done;
    expect((await write(1 << 19)).code).toBe(0);
    expect((await write(1 << 21)).stderr).toContain('No space left on device');
    await away();
    expect((await write(1 << 21)).code).toBe(0);
  });

  test('take the same keys and rules along when the power fails', async () => {
    await alpha.machine.powerFail();
    expect(await servers.ssh('alpha', 'sudo -n whoami').done).toMatchObject({ code: 0, stdout: 'root\n' });
  });
});

test('servers that cannot all be made ready leave none behind', { timeout: 600_000 }, async () => {
  await expect(startServers(['gamma', 'no\0name', 'delta'])).rejects.toThrow('null bytes');
  const records = '/run/cutover-lab';
  for (const name of await readdir(records)) {
    const claim = await readFile(`${records}/${name}/claim.json`, 'utf8').catch(() => '');
    expect(claim).not.toContain(`"pid":${process.pid},`);
  }
});
