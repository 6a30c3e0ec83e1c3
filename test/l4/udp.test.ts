import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { root } from '../../lab/paths.ts';
import type { Status } from '../../src/core/status.ts';
import { address4, createL4Stand, type L4Stand } from '../support/l4-stand.ts';
import { finished, mustBeDone } from '../support/stand.ts';
import { answeredBy, startSenders } from '../support/udp-senders.ts';
import { until } from '../support/until.ts';

const helpers = path.join(root, 'test', 'support', 'l4');
const config = `run: node echo.mjs\nhealth: { command: [node, '${helpers}/ask.mjs', '{port}'] }\ndrain: 500ms\ngrace: 3s\n`;
const flows = 8;
let stand: L4Stand | undefined;

afterEach(async () => {
  await stand?.stop();
  stand = undefined;
});

test('`cut`: each flow is moved by each switch, and every datagram is answered', async () => {
  const { move, senders } = await sending('cut');
  for (const words of [['deploy'], ['rollback'], ['deploy']]) {
    const { live, slots } = await move(...words);
    for (const sender of senders) expect(sender.last()).toBe(slots[live ?? 'blue'].release);
  }
  expect(await answeredBy(senders)).toEqual(Array.from({ length: flows }, () => ['1', '2', '3']));
});

test('`wait`: a flow stays until its slot is needed, and no release gets one before its time', async () => {
  const { move, senders } = await sending('wait');
  await move('deploy');
  for (const sender of senders) expect(sender.last()).toBe('1');
  await move('deploy');
  for (const sender of senders) expect(sender.last()).toBe('2');
  expect(await answeredBy(senders)).toEqual(Array.from({ length: flows }, () => ['1', '2']));
});

test('`close`: a flow is moved before its slot is stopped', async () => {
  const { move, senders } = await sending('close');
  await move('deploy');
  for (const sender of senders) expect(sender.last()).toBe('2');
  expect(await answeredBy(senders)).toEqual(Array.from({ length: flows }, () => ['1', '2']));
});

test('a release that is taken back leaves no flow behind', async () => {
  const { senders, stand } = await sending('wait');
  const switched = path.join(stand.dir, 'switched');
  stand.configure(`${config}hooks: { after_switch: { run: "touch ${switched}; sleep 1; false", shell: true } }\n`);
  const deploy = finished(stand.start('deploy'));
  await until(() => existsSync(switched), 30_000, 'the switch');
  const late = await startSenders(flows, address4, 5300);
  expect((await deploy).code).not.toBe(0);
  expect(await answeredBy(senders)).toEqual(Array.from({ length: flows }, () => ['1']));
  expect(await answeredBy(late)).toEqual(Array.from({ length: flows }, () => ['2', '1']));
});

/** Release 1 is live, and so many flows have been led to it. */
async function sending(oldConnections: 'wait' | 'close' | 'cut') {
  const now = await createL4Stand({
    artifact: helpers,
    router: `listen: 5300\nprotocol: udp\nold_connections: ${oldConnections}`,
    config,
  });
  stand = now;
  mustBeDone(await now.cutover('deploy'));
  const senders = await startSenders(flows, address4, 5300);
  const move = async (...words: string[]): Promise<Status> => {
    mustBeDone(await now.cutover(...words));
    const status = await now.status();
    await sleep(100);
    return status;
  };
  return { stand: now, senders, move };
}
