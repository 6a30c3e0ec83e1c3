import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from './clock.ts';

export interface FreshReport {
  readonly sent: number;
  readonly lost: number;
  /** The first hundred losses, in words. */
  readonly losses: readonly string[];
  readonly byRelease: Readonly<Record<string, number>>;
  /** Of each answered request: when it was sent and answered (monotonic ms), and which release it was. */
  readonly answers: readonly { sent: number; at: number; release: string }[];
}

export interface Fresh {
  counts(): { sent: number; lost: number };
  stop(): Promise<FreshReport>;
}

export interface FreshOptions {
  readonly host: string;
  readonly port: number;
  /** So many connections at a time. */
  readonly at: number;
  readonly path?: string;
  /** Between an answer and the next connection, ms; default 10, which leaves the processor to others. 0: as many as it can. */
  readonly pause?: number;
  readonly timeout?: number;
}

/** It ends by itself, whatever becomes of who started it, ms. */
const longest = 300_000;

/**
 * A connection for each request, so many at a time, nothing tried twice. Each answer must be whole,
 * 200, and tell its release.
 */
export function startFresh(given: FreshOptions): Fresh {
  const { pause = 10 } = given;
  const state = { stopped: false, sent: 0, lost: 0 };
  const losses: string[] = [];
  const answers: { sent: number; at: number; release: string }[] = [];
  const end = monotonic() + longest;
  const worker = async (): Promise<void> => {
    while (!state.stopped && monotonic() < end) {
      state.sent += 1;
      const sent = monotonic();
      const { release, problem } = await once(given);
      if (release !== undefined) answers.push({ sent, at: monotonic(), release });
      else {
        if ((state.lost += 1) <= 100) losses.push(problem ?? '?');
        await sleep(5);
      }
      if (pause > 0) await sleep(pause);
    }
  };
  const workers = Array.from({ length: given.at }, worker);
  return {
    counts: () => ({ sent: state.sent, lost: state.lost }),
    async stop() {
      state.stopped = true;
      await Promise.all(workers);
      const byRelease: Record<string, number> = {};
      for (const { release } of answers) byRelease[release] = (byRelease[release] ?? 0) + 1;
      return { sent: state.sent, lost: state.lost, losses, byRelease, answers };
    },
  };
}

function once({
  host,
  port,
  path = '/version',
  timeout = 10_000,
}: FreshOptions): Promise<{ release?: string; problem?: string }> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host, port, noDelay: true });
    socket.setTimeout(timeout, () => socket.destroy(new Error('timeout')));
    socket.on('connect', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n`));
    socket.setEncoding('utf8').on('data', (part: string) => (text += part));
    socket.on('error', (error) => resolve({ problem: `${error.message} after ${text.length} characters` }));
    socket.on('close', () => resolve(judged(text)));
  });
}

/** Whole: all that the header promised is there. */
function judged(text: string): { release?: string; problem?: string } {
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Number.NaN);
  if (!head.startsWith('HTTP/1.1 200 ') || Buffer.byteLength(body) !== length)
    return { problem: `not whole: ${JSON.stringify(text.slice(0, 80))}` };
  const told = JSON.parse(body) as { release?: string; version?: string };
  return { release: String(told.release ?? told.version ?? '?') };
}
