import type { HttpAnswer, HttpRequest } from '../../../ports.ts';

/**
 * A request by the server's own curl: where sshd forwards nothing, and where it must be known where the
 * request came from. By its standard input, as everybody there can read a process's words.
 */
export const curl = ['curl', '--config', '-'];

export function curlConfig({ url, method, headers, timeout }: HttpRequest): string {
  const { protocol, hostname, port, host } = new URL(url);
  const name = headers?.['host']?.replace(/:\d+$/, '');
  const named = protocol === 'https:' && name !== undefined;
  const settings: readonly (readonly [string, string])[] = [
    ['max-time', (timeout / 1000).toFixed(3)],
    ['noproxy', '*'],
    ['write-out', String.raw`\n%{local_ip} %{local_port}`],
    ['url', named ? url.replace(host, `${name}:${port || 443}`) : url],
    ...(named ? ([['connect-to', `${name}::${hostname}:`]] as const) : []),
    ...Object.entries(headers ?? {}).map(([key, value]) => ['header', `${key}: ${value}`] as const),
  ];
  const lines = settings.map(([key, value]) => `${key} = "${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`);
  return `${['include', 'silent', 'show-error', 'insecure', 'http1.1', ...(method === 'HEAD' ? ['head'] : []), ...lines].join('\n')}\n`;
}

const bodyLimit = 64 * 1024;

export function curlAnswer(stdout: string): HttpAnswer | undefined {
  const split = stdout.indexOf('\r\n\r\n');
  const [first = '', ...lines] = stdout.slice(0, split).split('\r\n');
  const status = Number(/^HTTP\/[\d.]+ (\d+)/.exec(first)?.[1]);
  if (split === -1 || !status) return undefined;
  const end = stdout.lastIndexOf('\n');
  return {
    status,
    headers: headersOf(lines),
    body: stdout.slice(split + 4, end).slice(0, bodyLimit),
    from: curlOrigin(stdout),
  };
}

/** Told last, also when nothing but a connection came about. */
export function curlOrigin(stdout: string): HttpAnswer['from'] {
  const [address = '', port] = stdout.slice(stdout.lastIndexOf('\n') + 1).split(' ');
  return address && Number(port) > 0 ? { address, port: Number(port) } : undefined;
}

function headersOf(lines: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of lines) {
    const [, key = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
    const name = key.toLowerCase();
    if (name) found[name] = found[name] === undefined ? value : `${found[name]}, ${value}`;
  }
  return found;
}
