import http from 'node:http';

export interface Asked {
  readonly status: number;
  readonly release: string;
  readonly slot: string;
  /** Of a cookie that was given, `name=value`. */
  readonly cookie: string | undefined;
}

export interface Client {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Asked>;
  close(): void;
}

/** Asks the front door over kept connections, and tells who answered. */
export function clientOf({ url, host }: { url: string; host: string }, connections = 20): Client {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  return {
    get: (path, headers = {}) =>
      new Promise((resolve, reject) => {
        const request = http.get(`${url}${path}`, { agent, headers: { host, ...headers } }, (answer) => {
          answer.resume().on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              release: String(answer.headers['x-release'] ?? ''),
              slot: String(answer.headers['x-slot'] ?? ''),
              cookie: answer.headers['set-cookie']?.[0]?.split(';')[0],
            }),
          );
        });
        request.on('error', reject);
      }),
    close: () => agent.destroy(),
  };
}
