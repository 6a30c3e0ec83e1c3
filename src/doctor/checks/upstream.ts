import { endpoint } from '../../core/endpoint.ts';
import { whenDeployed, type Deployed } from '../context.ts';
import { fine, later, note, warning, wrong, type Check, type Finding } from '../finding.ts';
import { inForceAll, passesOf } from '../nginx/scope.ts';
import { humanDuration } from '../../lib/duration.ts';

/** When each server closes an idle connection, and after how many requests it closes one. */
const limits: Readonly<Record<string, { idle: number; requests: number }>> = {
  tomcat: { idle: 20_000, requests: 100 },
  jetty: { idle: 30_000, requests: Infinity },
  undertow: { idle: 60_000, requests: Infinity },
  netty: { idle: 60_000, requests: Infinity },
  node: { idle: 5000, requests: Infinity },
};

/** Whoever closes an idle connection must be nginx: else a POST meets a closing one, and is lost. */
export const keepalive: Check = {
  id: 'upstream-keepalive',
  group: 'nginx',
  trap: undefined,
  title: 'keep-alive to app',
  check: whenDeployed(async (context) => {
    const { keepalive: kept, idle, requests, server } = context.config.upstream;
    if (context.config.router.mode === 'classic')
      return note('off: the include names an address, so each request opens a connection');
    if (kept === 0) return fine('off: no idle connection that the app could close');
    const measured = await closesAfter(context);
    const its = measured ?? limits[server]?.idle ?? Infinity;
    if (idle >= its)
      return wrong(
        `nginx keeps idle connections for ${humanDuration(idle)}, the app only for ${humanDuration(its)}`,
        `upstream.idle below ${humanDuration(its)}`,
      );
    if (requests >= (limits[server]?.requests ?? Infinity))
      return wrong(
        `nginx sends ${requests} requests on a connection, ${server} closes it after ${limits[server]?.requests ?? 0}`,
        'lower upstream.requests',
      );
    return (
      usersBlock(context) ??
      fine(`nginx closes first: ${humanDuration(idle)} or ${requests} requests (the app: ${humanDuration(its)})`)
    );
  }),
};

/** Many servers tell: `Keep-Alive: timeout=5`. */
async function closesAfter({ config, host, live, view }: Deployed): Promise<number | undefined> {
  if (view.slots[live].state !== 'running') return undefined;
  const url = `http://${endpoint(config, live)}${config.health.path ?? '/'}`;
  const answer = await host
    .request({ url, timeout: 2000, headers: { connection: 'keep-alive' } })
    .catch(() => undefined);
  const seconds = /timeout=(\d+)/.exec(answer?.headers['keep-alive'] ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

function usersBlock({ config, nginx }: Deployed): Finding | undefined {
  if (config.router.mode === 'managed') return undefined;
  const pass = passesOf(nginx.tree, config.router.variable)[0];
  if (!pass) return later(`once something passes to $${config.router.variable}`);
  const cleared = inForceAll(pass, 'proxy_set_header').some(({ words }) => words[0]?.toLowerCase() === 'connection');
  if (cleared) return undefined;
  return warning(
    'nginx asks the app to close each connection, so none is kept',
    '`proxy_http_version 1.1; proxy_set_header Connection "";` in the location',
  );
}
