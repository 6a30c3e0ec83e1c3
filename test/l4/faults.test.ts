import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundled } from '../../lab/bundle.ts';
import { startFresh, type Fresh } from '../../lab/new-connections.ts';
import { createL4Stand, type L4Stand } from '../support/l4-stand.ts';
import { finished, mustBeDone, type Finished } from '../support/stand.ts';

const theirs =
  'table inet theirs {\n\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n\t\ttcp dport 9 drop\n\t}\n}\n';
const settings = 'drain: 2s\ngrace: 3s\n';
let stand: L4Stand;
let client: Fresh;
let before: string;

const ruleset = () => stand.server.exec('nft', 'list', 'ruleset');

beforeAll(async () => {
  stand = await createL4Stand({
    config: settings,
    setup: false,
    prepare: async (server) => void (await server.exec('sh', '-c', `printf '%s' "$1" | nft -f -`, 'theirs', theirs)),
  });
  before = await ruleset();
  mustBeDone(await stand.cutover('setup'));
  mustBeDone(await stand.cutover('deploy'));
  mustBeDone(await stand.cutover('deploy'));
});

afterAll(async () => stand?.stop());

describe('killed with SIGKILL at every moment that matters', () => {
  test.each(['deploy', 'rollback'] as const)(
    'a %s through the kernel is put right, and nothing is lost',
    async (command) => {
      client = startFresh({ ...stand.door, at: 4 });
      const moments = await killAtEveryMoment(command);
      const { sent, lost, losses } = await client.stop();
      console.log(`l4: ${command} killed at ${moments} moments: ${lost} of ${sent} requests lost`);
      expect(losses).toEqual([]);
      expect(moments).toBeGreaterThan(command === 'deploy' ? 18 : 6);
    },
  );
});

async function killAtEveryMoment(command: 'deploy' | 'rollback'): Promise<number> {
  for (let moment = 1; moment < 100; moment += 1) {
    const { code, stderr } = await killedAt(command, moment);
    if (code === 0) return moment - 1;
    expect(code, stderr).toBe(137);
    mustBeDone(await stand.cutover(command === 'deploy' ? 'recover' : 'deploy'));
    await isWhole();
  }
  throw new Error('the command never came to its end');
}

async function killedAt(command: string, moment: number): Promise<Finished> {
  const words = [await bundled('test/support/killed.ts'), stand.config, command, String(moment)];
  return finished(stand.spawn(process.execPath, ...words));
}

async function isWhole(): Promise<void> {
  const status = await stand.status();
  expect(status).toMatchObject({ agreement: true, deployment: null });
  const live = status.live ?? 'blue';
  expect(status.slots[live].state).toBe('live');
  expect(status.frontDoor).toMatchObject({ slot: live, status: 200 });
}

describe('somebody else', () => {
  test.each([
    ['flushes all rules', ['flush', 'ruleset']],
    ['removes our table', ['delete', 'table', 'inet', 'cutover_shop']],
    ['empties the chain that leads to a slot', ['flush', 'chain', 'inet', 'cutover_shop', 'green']],
    ['empties the map', ['flush', 'map', 'inet', 'cutover_shop', 'slots']],
    ['removes the hook', ['flush', 'chain', 'inet', 'cutover_shop', 'prerouting']],
  ])('%s: it is noticed, nothing is guessed, and it can be restored', async (_, words) => {
    const was = await stand.status();
    await stand.server.exec('nft', ...words);
    const status = await stand.status();
    expect(status.agreement).toMatchObject({ records: was.live, router: 'nobody' });
    expect(status.next).toContain('--trust records');
    for (const command of [['deploy'], ['rollback'], ['recover']]) {
      const { code, stderr } = await stand.cutover(...command);
      expect(stderr).toContain('DISAGREEMENT');
      expect(code).toBe(6);
    }
    expect((await stand.cutover('recover', '--trust', 'router')).stderr).toContain('ROUTER_EMPTY');
    mustBeDone(await stand.cutover('recover', '--trust', 'records'));
    await isWhole();
    expect((await stand.status()).live).toBe(was.live);
    const fresh = startFresh({ ...stand.door, at: 4 });
    mustBeDone(await stand.cutover('deploy'));
    expect((await fresh.stop()).losses).toEqual([]);
    if (words[1] === 'ruleset') await stand.server.exec('sh', '-c', `printf '%s' "$1" | nft -f -`, 'theirs', theirs);
  });

  test('moves the traffic: the records do not agree, and either can be believed', async () => {
    const { live } = await stand.status();
    const other = live === 'blue' ? 'green' : 'blue';
    const table = ['inet', 'cutover_shop', 'slots'];
    await stand.server.exec(
      'nft',
      `flush map ${table.join(' ')} ; add element ${table.join(' ')} { 0-99 : goto ${other} }`,
    );
    expect((await stand.status()).agreement).toMatchObject({ records: live, router: other, frontDoor: other });
    mustBeDone(await stand.cutover('recover', '--trust', 'router'));
    expect(await stand.status()).toMatchObject({ live: other, agreement: true });
  });
});

test('a later set-up that fails leaves the rules and the traffic as they were', async () => {
  const { live } = await stand.status();
  const [rules, helper] = [await ruleset(), await stand.server.exec('cat', `${stand.rules}/switch`)];
  const fresh = startFresh({ ...stand.door, at: 4 });
  const percent = await stand.server.exec('cat', `${stand.rules}/split`);
  // No split that the kernel would take.
  writeFileSync(path.join(stand.rules, 'split'), '999\n');
  stand.configure('drain: 3s\ngrace: 3s\n', 'listen: [80, 81]');
  const { code, stderr } = await stand.cutover('setup');
  expect(stderr).toContain('RULES_REFUSED');
  expect(code).toBe(3);
  writeFileSync(path.join(stand.rules, 'split'), percent);
  stand.configure(settings);
  expect(await stand.server.exec('cat', `${stand.rules}/switch`)).toBe(helper);
  expect(await ruleset()).toBe(rules);
  expect((await fresh.stop()).losses).toEqual([]);
  expect(await stand.status()).toMatchObject({ live, agreement: true });
});

test('a later set-up with another address changes the rules in one transaction, and keeps the split', async () => {
  const { live } = await stand.status();
  const fresh = startFresh({ ...stand.door, at: 4 });
  stand.configure(settings, 'listen: [80, 81]');
  mustBeDone(await stand.cutover('setup'));
  expect((await fetch(`http://${stand.door.host}:81/version`)).status).toBe(200);
  stand.configure(settings);
  mustBeDone(await stand.cutover('setup'));
  expect((await fresh.stop()).losses).toEqual([]);
  expect(await stand.status()).toMatchObject({ live, agreement: true });
});

test('other ports for slots that run are refused by setup, and by deploy', async () => {
  stand.configure(`${settings}slots: { blue: 9001, green: 9002 }\n`);
  const setup = await stand.cutover('setup');
  expect(setup.stderr).toContain('SLOT_IN_USE');
  expect(setup.code).toBe(3);
  const { code, stderr } = await stand.cutover('deploy');
  stand.configure(settings);
  expect(stderr).toContain('FRONT_DOOR_SILENT');
  expect(code).toBe(5);
});

test('setup does nothing twice, and --remove leaves nothing of ours and all that is theirs', async () => {
  expect((await stand.cutover('setup')).stdout).toContain('set up already');
  mustBeDone(await stand.cutover('down', '--yes'));
  mustBeDone(await stand.cutover('setup', '--remove'));
  expect(await ruleset()).toBe(before);
  expect((await stand.server.exec('ls', stand.dir)).trim().split('\n')).toEqual(['cutover.yaml', 'work']);
});
