import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../lab/paths.ts';
import { address4 } from '../support/l4-stand.ts';
import { addresses, createPoolsStand, ports, type PoolsStand } from '../support/pools-stand.ts';
import { mustBeDone } from '../support/stand.ts';
import { answeredBy, startSenders, type Sender } from '../support/udp-senders.ts';
import { until } from '../support/until.ts';

const helpers = path.join(root, 'test', 'support', 'l4');
const flows = 8;
const port = 5300;
let stand: PoolsStand;

beforeAll(async () => {
  stand = await createPoolsStand({
    port,
    artifact: helpers,
    program: 'echo.mjs',
    router: 'protocol: udp\nold_connections: cut',
    config: `health: { command: [node, '${helpers}/ask.mjs', '{port}'] }\ndrain: 500ms\n`,
  });
  mustBeDone(await stand.cutover('deploy'));
});

afterAll(async () => stand?.stop());

/** How many of these flows the kernel leads to the live release on each server. */
async function flowsOn(senders: readonly Sender[]): Promise<readonly number[]> {
  const { live } = await stand.status();
  const listed = await stand.server.exec('conntrack', '-L', '-p', 'udp', '--orig-port-dst', String(port));
  const led = (from: number, address: string) =>
    `sport=${from} dport=${port} .*src=${address} dst=\\S+ sport=${ports[live ?? 'blue']} `;
  return addresses.map(
    (address) => senders.filter((sender) => new RegExp(led(sender.port, address)).test(listed)).length,
  );
}

describe('flows of UDP through a load balancer in front of two servers', () => {
  test('are shared by both, moved by each switch, and every datagram is answered', async () => {
    const senders = await startSenders(flows, address4, port);
    for (const words of [['deploy'], ['rollback'], ['deploy']]) mustBeDone(await stand.cutover(...words));
    const { slots, live } = await stand.status();
    await until(
      () => senders.every((sender) => sender.last() === slots[live ?? 'blue'].release),
      10_000,
      'the last move',
    );
    for (const share of await flowsOn(senders)) expect(share).toBeGreaterThan(0);
    expect(await answeredBy(senders)).toEqual(Array.from({ length: flows }, () => ['1', '2', '3']));
  });

  test('stay on a server that a person takes out, and new ones go to the other: nothing is lost', async () => {
    const before = await startSenders(flows, address4, port);
    const { live } = await stand.status();
    const shares = await flowsOn(before);
    mustBeDone(await stand.cutover('members', 'drain', `${addresses[0]}:${ports[live ?? 'blue']}`));
    const after = await startSenders(flows, address4, port);
    await until(() => after.every((sender) => sender.last() === '3'), 10_000, 'an answer to each');
    expect(await flowsOn(before)).toEqual(shares);
    expect(await flowsOn(after)).toEqual([0, flows]);
    mustBeDone(await stand.cutover('members', 'ready', `${addresses[0]}:${ports[live ?? 'blue']}`));
    expect(await answeredBy([...before, ...after])).toEqual(Array.from({ length: 2 * flows }, () => ['3']));
  });

  test('of a server that dies go on with the other one, as soon as it is known', async () => {
    const senders = await startSenders(flows, address4, port);
    const { live } = await stand.status();
    const victim = `${addresses[0]}:${ports[live ?? 'blue']}`;
    await until(() => senders.every((sender) => sender.last() === '3'), 10_000, 'an answer to each');
    const [, onTheOther = 0] = await flowsOn(senders);
    process.kill(stand.serverPid(addresses[0], ports[live ?? 'blue']) ?? 0, 'SIGKILL');
    await until(async () => (await checked(victim)) === 'offline', 30_000, 'the dead server to be taken out');
    const known = senders.map((sender) => sender.answers());
    await until(() => senders.every((sender, at) => sender.answers() > (known[at] ?? 0) + 50), 10_000, 'more answers');
    expect(await flowsOn(senders)).toEqual([0, flows]);
    const ends = await Promise.all(senders.map((sender) => sender.stop()));
    expect(onTheOther).toBeGreaterThan(0);
    expect(ends.filter(({ lost }) => lost === 0).length).toBeGreaterThanOrEqual(onTheOther);
  });

  async function checked(member: string): Promise<string | undefined> {
    mustBeDone(await stand.cutover('members', 'check'));
    return (await stand.members()).find(({ address }) => address === member)?.state;
  }
});
