import { type Answer, headerOf } from './answer.ts';

export interface Loss {
  /** `reset`, `eof`, `timeout`, `status`, `echo`, `malformed`, `refused` or a system error code. */
  readonly kind: string;
  readonly method: string;
  readonly detail: string;
  /** When the request was sent, ms after the last mark before it, and that mark. */
  readonly at: number;
  readonly mark: string;
}

/** Who answered. `lastSent`: sending time of the last request it answered. Times in ms after the mark. */
export interface Seen {
  count: number;
  firstAnswer: number;
  lastAnswer: number;
  lastSent: number;
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** The requests that were sent between one mark and the next. */
export interface Segment {
  readonly label: string;
  /** Monotonic instant of the mark. */
  readonly at: number;
  readonly answered: number;
  readonly lost: number;
  readonly latency: Latency;
  readonly byRelease: Readonly<Record<string, Seen>>;
  readonly bySlot: Readonly<Record<string, Seen>>;
}

export interface LoadReport {
  readonly sent: number;
  readonly answered: number;
  readonly lost: number;
  /** The first thousand of them. */
  readonly losses: readonly Loss[];
  readonly lossKinds: Readonly<Record<string, number>>;
  readonly byRelease: Readonly<Record<string, number>>;
  readonly bySlot: Readonly<Record<string, number>>;
  readonly latency: Latency;
  /** The first one is `start`. */
  readonly segments: readonly Segment[];
  /** Connections opened; closed by the server while idle; closed by the server as it had announced. */
  readonly connections: { readonly opened: number; readonly idleCloses: number; readonly announcedCloses: number };
  readonly seconds: number;
  /** CPU seconds of the process that made the load. */
  readonly cpu: number;
}

export interface Identity {
  readonly release: string;
  readonly slot: string;
}

/** Which release and slot gave this answer: by header, else by the JSON of /version, else by a short plain body. */
export function identify({ head, body }: Answer, method: string): Identity {
  const release = headerOf(head, 'x-release');
  const slot = headerOf(head, 'x-slot');
  if (release !== undefined || slot !== undefined) return { release: release ?? '?', slot: slot ?? '?' };
  if (method === 'POST') return unknown;
  return body[0] === 0x7b ? fromJson(body) : fromText(body);
}

/** Percentiles of latencies in ms. */
export function summarize(latencies: Float64Array): Latency {
  const sorted = latencies.slice().toSorted();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: sorted[sorted.length - 1] ?? 0 };
}

const unknown: Identity = { release: '?', slot: '?' };

function fromJson(body: Buffer): Identity {
  try {
    const said = JSON.parse(body.toString()) as { release?: unknown; slot?: unknown };
    return { release: String(said.release ?? '?'), slot: String(said.slot ?? '?') };
  } catch {
    return unknown;
  }
}

function fromText(body: Buffer): Identity {
  if (body.length > 60) return unknown;
  const text = body.toString().trim();
  return { release: text, slot: text };
}
