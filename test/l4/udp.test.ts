import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../lab/paths.ts';
import { address4, createL4Stand, type L4Stand } from '../support/l4-stand.ts';
import { mustBeDone } from '../support/stand.ts';

const helpers = path.join(root, 'test', 'support', 'l4');
const flows = 8;
let stand: L4Stand;

beforeAll(async () => {
  stand = await createL4Stand({
    artifact: helpers,
    router: 'listen: 5300\nprotocol: udp\nold_connections: cut',
    config: `run: node echo.mjs\nhealth: { command: [node, '${helpers}/ask.mjs', '{port}'] }\ndrain: 500ms\ngrace: 3s\n`,
  });
});

afterAll(async () => stand?.stop());

test('flows of UDP are moved by a switch, and every datagram is answered', async () => {
  mustBeDone(await stand.cutover('deploy'));
  const senders = await Promise.all(Array.from({ length: flows }, startSender));
  for (const words of [['deploy'], ['rollback'], ['deploy']]) {
    mustBeDone(await stand.cutover(...words));
    const { live, slots } = await stand.status();
    const release = slots[live ?? 'blue'].release;
    await sleep(100);
    for (const sender of senders) expect(sender.last()).toBe(release);
  }
  const ends = await Promise.all(senders.map((sender) => sender.stop()));
  const sent = ends.reduce((sum, end) => sum + end.sent, 0);
  const lost = ends.reduce((sum, end) => sum + end.lost, 0);
  console.log(`l4, udp: ${flows} flows through three moves: ${lost} of ${sent} datagrams without an answer`);
  expect(lost).toBe(0);
  expect(ends.flatMap(({ releases }) => [...releases]).toSorted()).toEqual(
    Array.from({ length: flows }, () => ['1', '2', '3'])
      .flat()
      .toSorted(),
  );
});

interface Sender {
  last(): string;
  stop(): Promise<{ sent: number; lost: number; releases: ReadonlySet<string> }>;
}

/** One flow: the same two ends all the time, a datagram every two milliseconds. */
async function startSender(): Promise<Sender> {
  const socket: Socket = createSocket('udp4');
  const open = new Set<number>();
  const releases = new Set<string>();
  let [sent, last] = [0, ''];
  socket.on('message', (message) => {
    const [release = '', number = ''] = message.toString().split(' ');
    open.delete(Number(number));
    releases.add(release);
    last = release;
  });
  await new Promise<void>((go) => socket.bind(0, go));
  const timer = setInterval(() => {
    open.add((sent += 1));
    socket.send(String(sent), 5300, address4);
  }, 2);
  return {
    last: () => last,
    async stop() {
      clearInterval(timer);
      await sleep(300);
      socket.close();
      return { sent, lost: open.size, releases };
    },
  };
}
