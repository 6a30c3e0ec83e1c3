import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ensureH2load } from './components.ts';

export interface H2Options {
  /** `https://…` (HTTP/2 by ALPN) or `http://…` (prior knowledge). Any certificate is accepted. */
  readonly url: string;
  /** Name in the request, where the URL holds an address. */
  readonly host?: string;
  readonly clients?: number;
  /** Streams at a time on each connection. */
  readonly streams?: number;
  readonly seconds?: number;
}

export interface H2Report {
  readonly total: number;
  readonly done: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly errored: number;
  readonly timeout: number;
  readonly status: { readonly '2xx': number; readonly '3xx': number; readonly '4xx': number; readonly '5xx': number };
  /** What was agreed on, e.g. `h2`. */
  readonly protocol: string;
  readonly output: string;
}

/** Runs h2load for that long. Start it, switch meanwhile, then await it. */
export async function runH2load(options: H2Options): Promise<H2Report> {
  const { url, host, clients = 20, streams = 10, seconds = 3 } = options;
  const h2load = await ensureH2load();
  const { protocol, port, pathname } = new URL(url);
  const named = host === undefined ? url : `${protocol}//${host}:${port}${pathname}`;
  const connect = host === undefined ? [] : [`--connect-to=${new URL(url).host}`];
  const args = ['-c', `${clients}`, '-m', `${streams}`, '-D', `${seconds}`, ...connect, named];
  const { stdout } = await promisify(execFile)(h2load, args, { timeout: (seconds + 60) * 1000 });
  return parseH2load(stdout);
}

/** Reads the closing lines of h2load. */
export function parseH2load(output: string): H2Report {
  const line = /^requests: .*$/m.exec(output)?.[0];
  const statuses = /^status codes: .*$/m.exec(output)?.[0];
  if (line === undefined || statuses === undefined) throw new Error(`h2load did not finish:\n${output}`);
  return {
    total: number(line, 'total'),
    done: number(line, 'done'),
    succeeded: number(line, 'succeeded'),
    failed: number(line, 'failed'),
    errored: number(line, 'errored'),
    timeout: number(line, 'timeout'),
    status: {
      '2xx': number(statuses, '2xx'),
      '3xx': number(statuses, '3xx'),
      '4xx': number(statuses, '4xx'),
      '5xx': number(statuses, '5xx'),
    },
    protocol: /^Application protocol: (.*)$/m.exec(output)?.[1] ?? '',
    output,
  };
}

function number(line: string, name: string): number {
  return Number(new RegExp(`(\\d+) ${name}`).exec(line)?.[1] ?? 0);
}
