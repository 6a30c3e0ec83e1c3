import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Kept {
  /** Asks on each connection that is open: the release that answers, or how it had ended. */
  ask(): Promise<Readonly<Record<string, number>>>;
  close(): void;
}

/** Clients that keep one connection each and never open another, so that it shows what becomes of it. */
export async function startKept(given: { host: string; port: number; connections: number }): Promise<Kept> {
  const all = await Promise.all(Array.from({ length: given.connections }, () => open(given)));
  return {
    async ask() {
      const ends = await Promise.all(all.map((one) => one.ask()));
      const counts: Record<string, number> = {};
      for (const end of ends) counts[end] = (counts[end] ?? 0) + 1;
      return counts;
    },
    close: () => all.forEach(({ socket }) => socket.destroy()),
  };
}

interface One {
  readonly socket: Socket;
  /** A release, `closed` (FIN: an orderly end), `reset`, or `silent` for so long. */
  ask(): Promise<string>;
}

const patience = 5000;

function open({ host, port }: { host: string; port: number }): Promise<One> {
  return new Promise((resolve, reject) => {
    const seen = { text: '', end: undefined as string | undefined };
    const socket = connect({ host, port, noDelay: true });
    socket.setEncoding('utf8').on('data', (part: string) => (seen.text += part));
    socket.on('end', () => (seen.end ??= 'closed'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      seen.end ??= error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'reset' : (error.code ?? 'error');
      reject(error);
    });
    const ask = async (): Promise<string> => {
      if (seen.end) return seen.end;
      seen.text = '';
      socket.write('GET /version HTTP/1.1\r\nHost: shop\r\n\r\n');
      for (let waited = 0; waited < patience; waited += 5) {
        const release = /"release":"([^"]*)"/.exec(seen.text)?.[1];
        if (release !== undefined) return release;
        if (seen.end) return seen.end;
        await sleep(5);
      }
      return 'silent';
    };
    socket.on('connect', () => resolve({ socket, ask }));
  });
}
