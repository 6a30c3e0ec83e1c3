import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { monotonic } from './clock.ts';

export interface SseOptions {
  /** Full URL of the stream. */
  readonly url: string;
  readonly host?: string;
  readonly connections?: number;
  /** A silence longer than this is a delay, ms: a proxy that buffers is seen by it. */
  readonly silence?: number;
}

export interface SseReport {
  readonly connections: number;
  readonly events: number;
  /** Streams that ended before they were told to, ms since the start. */
  readonly cuts: readonly number[];
  /** Silences longer than allowed, and the longest silence, ms. */
  readonly delays: number;
  readonly longest: number;
  readonly byRelease: Readonly<Record<string, number>>;
}

export interface SseLoad {
  events(): number;
  stop(): SseReport;
}

/** Streams of server-sent events. Resolves when each has had its first event; rejects if one cannot be opened. */
export async function startEvents(options: SseOptions): Promise<SseLoad> {
  const { connections = 10 } = options;
  const tally: Tally = {
    events: 0,
    cuts: [],
    delays: 0,
    longest: 0,
    byRelease: {},
    stopped: false,
    start: monotonic(),
  };
  const streams = await Promise.all(Array.from({ length: connections }, () => openOne(options, tally)));
  return {
    events: () => tally.events,
    stop: () => {
      tally.stopped = true;
      streams.forEach((stream) => stream.destroy());
      const { events, cuts, delays, longest, byRelease } = tally;
      return { connections, events, cuts, delays, longest, byRelease };
    },
  };
}

interface Tally {
  events: number;
  delays: number;
  longest: number;
  stopped: boolean;
  readonly start: number;
  readonly cuts: number[];
  readonly byRelease: Record<string, number>;
}

function openOne({ url, host, silence = 1000 }: SseOptions, tally: Tally): Promise<ClientRequest> {
  const open = url.startsWith('https:') ? requestHttps : requestHttp;
  const headers = { Accept: 'text/event-stream', ...(host === undefined ? {} : { Host: host }) };
  return new Promise((resolve, reject) => {
    const request = open(url, { headers, agent: false, rejectUnauthorized: false, timeout: 10_000 }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`answered ${answer.statusCode}`));
      listen(answer, tally, silence, () => resolve(request));
    });
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error('no event for 10 s')));
    request.end();
  });
}

function listen(answer: IncomingMessage, tally: Tally, silence: number, heard: () => void): void {
  const release = String(answer.headers['x-release'] ?? '?');
  let last = monotonic();
  let text = '';
  answer.setEncoding('utf8');
  answer.on('error', () => undefined);
  answer.on('data', (chunk: string) => {
    const events = (text + chunk).split('\n\n');
    text = events.pop() ?? '';
    if (events.length === 0) return;
    const quiet = monotonic() - last;
    last = monotonic();
    tally.events += events.length;
    tally.byRelease[release] = (tally.byRelease[release] ?? 0) + events.length;
    tally.longest = Math.max(tally.longest, quiet);
    if (quiet > silence) tally.delays += 1;
    heard();
  });
  answer.on('close', () => {
    if (!tally.stopped) tally.cuts.push(monotonic() - tally.start);
  });
}
