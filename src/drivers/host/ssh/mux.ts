import { channelOn, kinds, numberIn, type Channel, type Hears } from './channel.ts';
import { isNumbers, number, text, wireTo, type Wire } from './mux-wire.ts';

const messages = { proxy: 0x1000_000f, proxied: 0x8000_000f };
const request = 1;
/** Reason of a refusal that the server's configuration is behind (RFC 4254, 5.1). */
const prohibited = 1;
/** What we take before we allow more, bytes; and at once. */
const [window, packet] = [2 ** 21, 2 ** 15];

/** `absent`: there is no shared connection that would do it, or it is lost; ssh itself can be asked, and tells why. */
export type Refusal = 'absent' | 'forbidden' | 'refused';

/**
 * Sessions and connections by way of the shared connection without a program for each, which would cost more than
 * all that is done with it. As for `ssh -O proxy` (OpenSSH 7.4 on) it passes on messages of SSH's connection
 * protocol as they are, and sees to it that no two programs have the same numbers.
 */
export interface Mux {
  open(kind: 'session' | 'direct-tcpip', ...details: readonly Buffer[]): Promise<Channel | Refusal>;
}

interface Link extends Mux {
  over(): boolean;
}

export function muxOf(control: string): Mux {
  let link: Promise<Link | undefined> = Promise.resolve(undefined);
  const linked = () => (link = link.then((known) => (known && !known.over() ? known : linkTo(control))));
  return {
    open: async (kind, ...details) => (await linked())?.open(kind, ...details) ?? 'absent',
  };
}

/** Details of a connection that the server makes to an address as it sees it. */
export function addressed(host: string, port: number): readonly Buffer[] {
  return [text(host), number(port), text('127.0.0.1'), number(0)];
}

async function linkTo(control: string): Promise<Link | undefined> {
  const wire = await wireTo(control, number(messages.proxy), number(request));
  const answer = await wire?.next();
  if (wire && answer && isNumbers(answer, messages.proxied, request)) return linkOn(wire);
  wire?.close();
  return undefined;
}

function linkOn(wire: Wire): Link {
  const hearing = new Map<number, Hears>();
  let last = 0;
  wire.waitForever();
  void listen(wire, hearing);

  function open(kind: string, ...details: readonly Buffer[]): Promise<Channel | Refusal> {
    const ours = last++;
    wire.send(kindOf(kinds.open), text(kind), number(ours), number(window), number(packet), ...details);
    return new Promise((resolve) => {
      hearing.set(ours, (heard) => {
        hearing.delete(ours);
        if (heard?.[1] !== kinds.opened) return resolve(refusalIn(heard));
        const [id, allowed, most] = [1, 2, 3].map((at) => numberIn(heard, at)) as [number, number, number];
        const send = (what: number, ...parts: readonly Buffer[]) => wire.send(kindOf(what), number(id), ...parts);
        const channel = channelOn(send, { window: allowed, packet: most, ours: window }, () => hearing.delete(ours));
        hearing.set(ours, channel.hears);
        resolve(channel);
      });
    });
  }

  return { open, over: wire.over };
}

/** At the end all of them hear that there is nothing more. */
async function listen(wire: Wire, hearing: ReadonlyMap<number, Hears>): Promise<void> {
  for (let heard = await wire.next(); heard; heard = await wire.next()) hearing.get(numberIn(heard, 0))?.(heard);
  for (const hears of hearing.values()) hears(undefined);
}

function refusalIn(heard: Buffer | undefined): Refusal {
  if (heard === undefined) return 'absent';
  return numberIn(heard, 1) === prohibited ? 'forbidden' : 'refused';
}

/** Before each kind is the length of a padding, which there is none of. */
function kindOf(kind: number): Buffer {
  return Buffer.of(0, kind);
}
