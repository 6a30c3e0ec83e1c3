import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';

const mostOpen = 20;
/** Milliseconds after which no answer is waited for; one that comes still counts. */
const patience = 1000;

/** The releases that answered each of them, in the order in which they first did; and no datagram was lost. */
export async function answeredBy(senders: readonly Sender[]): Promise<readonly (readonly string[])[]> {
  const ends = await Promise.all(senders.map((sender) => sender.stop()));
  const sent = ends.reduce((sum, end) => sum + end.sent, 0);
  const lost = ends.reduce((sum, end) => sum + end.lost, 0);
  console.log(`l4, udp: ${lost} of ${sent} datagrams without an answer`);
  expect(lost).toBe(0);
  return ends.map(({ releases }) => [...releases]);
}

export interface Sender {
  /** Release that gave the last answer. */
  last(): string;
  answers(): number;
  /** Its own port. */
  readonly port: number;
  stop(): Promise<{ sent: number; lost: number; releases: ReadonlySet<string> }>;
}

export function startSenders(flows: number, address: string, port: number): Promise<readonly Sender[]> {
  return Promise.all(Array.from({ length: flows }, () => startSender(address, port)));
}

/**
 * One flow: the same two ends all the time, a datagram every two milliseconds. What comes from another end is
 * no answer. On a busy machine it waits for answers, as the kernel drops what a socket has no room for.
 */
async function startSender(address: string, port: number): Promise<Sender> {
  const socket: Socket = createSocket('udp4');
  const open = new Map<number, number>();
  const releases = new Set<string>();
  let [sent, answers, last] = [0, 0, ''];
  socket.on('message', (message) => {
    const [release = '', number = ''] = message.toString().split(' ');
    open.delete(Number(number));
    releases.add(release);
    answers += 1;
    last = release;
  });
  socket.on('error', () => {}); // Refused: it stays open.
  await new Promise<void>((go) => socket.connect(port, address, go));
  const waitedFor = () => [...open.values()].filter((at) => performance.now() - at < patience).length;
  const timer = setInterval(() => {
    if (waitedFor() > mostOpen) return;
    open.set((sent += 1), performance.now());
    socket.send(String(sent));
  }, 2);
  return {
    last: () => last,
    answers: () => answers,
    port: socket.address().port,
    async stop() {
      clearInterval(timer);
      await sleep(1000);
      socket.close();
      return { sent, lost: open.size, releases };
    },
  };
}
