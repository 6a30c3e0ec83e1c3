import type { WarmUp } from '../config/progressive.ts';
import type { LoggedRequest } from '../ports.ts';
import type { World } from './world.ts';

/** One request of a warm-up. */
export interface WarmRequest {
  readonly method: 'GET' | 'HEAD';
  readonly target: string;
  readonly host: string | undefined;
  readonly agent: string | undefined;
}

/** Only what reads, without a body; nothing that tells who somebody is goes along, unless it was allowed. */
export function warmRequests(warmup: WarmUp, logged: readonly LoggedRequest[]): readonly WarmRequest[] {
  const paths = warmup.paths.map((target) => ({ method: 'GET', target, host: undefined, agent: undefined }) as const);
  const skipped = warmup.skip.map(patternOf);
  const replayed = logged.flatMap(({ method, target, host, agent, status }): readonly WarmRequest[] => {
    if ((method !== 'GET' && method !== 'HEAD') || !target.startsWith('/') || status >= 500) return [];
    if (status === 101 || warmup.skipHosts.includes(host) || skipped.some((pattern) => pattern.test(target))) return [];
    return [{ method, target, host: host || undefined, agent: warmup.userAgent ? agent : undefined }];
  });
  return [...paths, ...replayed];
}

/** Those that the front door adds, too. */
export function headersOf(
  { domains, router, progressive }: World['config'],
  { host, agent }: WarmRequest,
  base: string,
) {
  const name = host ?? domains[0] ?? new URL(base).host;
  return {
    'user-agent': agent ?? 'cutover-warm-up',
    'x-real-ip': '127.0.0.1',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': router.tls ? 'https' : 'http',
    'x-forwarded-port': router.tls ? '443' : '80',
    host: name,
    'x-forwarded-host': name,
    ...progressive.warmup?.headers,
  };
}

/** `*` stands for anything; with or without a query. */
function patternOf(written: string): RegExp {
  const escaped = written.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${escaped.join('.*')}(\\?.*)?$`);
}
