import type { Request } from './load-connection.ts';

export type Compose = (due: number) => Request;

export interface Mix {
  readonly url: string;
  readonly host?: string;
  readonly posts: number;
  readonly getPath: string;
  readonly postPath: string;
  readonly bodySize: number;
}

/** Makes requests, POSTs evenly mixed in, each body unlike any other. */
export function createComposer(wanted: Mix): Compose {
  const host = wanted.host ?? new URL(wanted.url).host;
  const get = `GET ${wanted.getPath} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const size = Math.max(24, wanted.bodySize);
  const type = 'Content-Type: application/octet-stream';
  const post = `POST ${wanted.postPath} HTTP/1.1\r\nHost: ${host}\r\n${type}\r\nContent-Length: ${size}\r\n\r\n`;
  let number = 0;
  let share = 0;
  return (due) => {
    number += 1;
    share += wanted.posts;
    if (share < 1) return { method: 'GET', bytes: get, body: undefined, due, sent: due };
    share -= 1;
    const body = `${process.pid}.${number}.`.padEnd(size, 'x');
    return { method: 'POST', bytes: post + body, body, due, sent: due };
  };
}
