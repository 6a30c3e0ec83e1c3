import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFresh } from '../../lab/new-connections.ts';
import { addresses, createPoolsStand, type PoolsStand } from '../support/pools-stand.ts';
import { mustBeDone } from '../support/stand.ts';
import { until } from '../support/until.ts';

const settings = 'drain: 1s\n';
/** The one file that such a set-up writes outside its own folders. */
const sysctlFile = '/etc/sysctl.d/90-cutover-shop.conf';
let stand: PoolsStand;

beforeAll(async () => {
  stand = await createPoolsStand({ port: 80, config: settings });
});

afterAll(async () => stand?.stop());

describe('a load balancer in front of two servers', () => {
  test('brings releases up on the idle pool, moves the traffic, and loses nothing', async () => {
    mustBeDone(await stand.cutover('deploy'));
    const client = startFresh({ ...stand.door, at: 6 });
    for (const words of [['deploy'], ['rollback'], ['deploy']]) mustBeDone(await stand.cutover(...words));
    const { sent, lost, losses, byRelease } = await client.stop();
    console.log(`l4, two servers: ${lost} of ${sent} requests lost; ${JSON.stringify(byRelease)}`);
    expect(losses).toEqual([]);
    expect(Object.keys(byRelease).toSorted()).toEqual(['1', '2', '3']);
    expect(await stand.status()).toMatchObject({ agreement: true, live: 'green' });
  });

  test('sends connections to both servers in turn, with the address of the client', async () => {
    const flows = await stand.server.exec('conntrack', '-L', '-p', 'tcp', '--orig-port-dst', '80');
    for (const address of addresses) expect(flows).toMatch(new RegExp(`src=${address} dst=10\\.9\\.1\\.2 sport=808`));
  });

  test('a server that dies is suspect, then gets no more traffic; when it is back, it gets some again', async () => {
    const { live } = await stand.status();
    const port = live === 'blue' ? 8081 : 8082;
    const victim = `${addresses[0]}:${port}`;
    const watch = stand.start('members', '--watch', '--json');
    let said = '';
    watch.stdout?.on('data', (part: Buffer) => (said += part.toString()));
    const stateOf = async () => (await stand.members()).find(({ address }) => address === victim)?.state;
    await until(async () => (await stateOf()) === 'ready' && said !== '', 20_000);
    process.kill(stand.serverPid(addresses[0], port) ?? 0, 'SIGKILL');
    await until(async () => (await stateOf()) === 'offline', 20_000);
    expect(said).toContain('"suspect"');
    const without = startFresh({ ...stand.door, at: 4 });
    await until(() => Promise.resolve(without.counts().sent > 500), 20_000);
    const quiet = await without.stop();
    console.log(`l4: after a server was taken out: ${quiet.lost} of ${quiet.sent} requests lost`);
    expect(quiet.losses).toEqual([]);
    await bringBack(live === 'blue' ? 'blue' : 'green', port);
    await until(async () => (await stateOf()) === 'ready', 20_000);
    watch.kill('SIGTERM');
    const after = startFresh({ ...stand.door, at: 4 });
    await until(() => Promise.resolve(after.counts().sent > 200), 20_000);
    expect((await after.stop()).losses).toEqual([]);
  });

  async function bringBack(slot: 'blue' | 'green', port: number): Promise<void> {
    const release = (await stand.status()).slots[slot].release ?? '';
    const artifact = path.join(stand.state, 'releases', release, 'artifact');
    await stand.server.exec(
      'env',
      '-C',
      artifact,
      `CUTOVER_MEMBERS=${addresses[0]}:${port}`,
      `CUTOVER_RELEASE=${release}`,
      'sh',
      stand.bringUp,
      stand.folder,
    );
  }

  test('a person takes a server out before work on it, and brings it back: nothing is lost', async () => {
    const { live } = await stand.status();
    const member = `${addresses[1]}:${live === 'blue' ? 8081 : 8082}`;
    const client = startFresh({ ...stand.door, at: 4 });
    mustBeDone(await stand.cutover('members', 'drain', member));
    const open = async () => Number(await stand.server.exec(`${stand.rules}/switch`, 'count', live ?? 'blue'));
    expect(await open()).toBeGreaterThanOrEqual(0);
    mustBeDone(await stand.cutover('members', 'check'));
    expect((await stand.members()).find(({ address }) => address === member)?.state).toBe('drain');
    const { stdout } = await stand.cutover('members');
    expect(stdout).toMatch(new RegExp(`${member.replaceAll('.', '\\.')} +drain`));
    mustBeDone(await stand.cutover('members', 'ready', member));
    const { sent, lost, losses } = await client.stop();
    console.log(`l4: a server out and back: ${lost} of ${sent} requests lost`);
    expect(losses).toEqual([]);
    expect((await stand.cutover('members', 'drain', '10.0.0.9:1')).stderr).toContain('NO_SUCH_MEMBER');
  });

  test('a release that only one of the servers brings up is refused', async () => {
    const before = await stand.status();
    const client = startFresh({ ...stand.door, at: 4 });
    const onlyTheFirst = `[sh, -c, 'CUTOVER_MEMBERS=\${CUTOVER_MEMBERS%% *} exec sh "$0" "$1"', '${stand.bringUp}', '${stand.folder}']`;
    stand.configure(`${settings}health: { path: /health, deadline: 3s }\nrun: ${onlyTheFirst}\n`);
    const idle = before.live === 'blue' ? 8082 : 8081;
    for (const address of addresses) process.kill(stand.serverPid(address, idle) ?? 0, 'SIGKILL');
    const { code, stderr } = await stand.cutover('deploy');
    expect(stderr).toContain('HEALTH_TIMEOUT');
    expect(code, stderr).toBe(5);
    expect((await client.stop()).losses).toEqual([]);
    expect(await stand.status()).toMatchObject({ live: before.live, agreement: true });
  });

  test('setup --remove also gives back that this machine passed packets on', async () => {
    const forwards = () => stand.server.exec('sysctl', '-n', 'net.ipv4.ip_forward');
    expect((await forwards()).trim()).toBe('1');
    mustBeDone(await stand.cutover('down', '--yes'));
    mustBeDone(await stand.cutover('setup', '--remove'));
    expect((await forwards()).trim()).toBe('0');
    expect(existsSync(sysctlFile)).toBe(false);
    expect(await stand.server.exec('nft', 'list', 'ruleset')).toBe('');
  });
});
