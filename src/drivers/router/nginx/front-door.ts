import type { Config } from '../../../config/config.ts';
import { Failure } from '../../../core/failure.ts';
import { slots } from '../../../core/slot.ts';
import type { FrontDoorAnswer, Host } from '../../../ports.ts';
import { whyEdgeIsDown } from './edge.ts';
import { endpoint } from '../../../core/endpoint.ts';

const timeout = 5000;

/** One request the way the public goes; the answer bears the address that nginx passed it to. */
export async function askFrontDoor(
  host: Host,
  config: Config,
  token: string | undefined,
  signal?: AbortSignal,
  how?: 'kept',
): Promise<FrontDoorAnswer> {
  const base = frontDoorUrl(config);
  if (token === undefined) return silent(`${base}: not set up yet`);
  const name = config.domains[0]?.replace(/^\*\./, 'cutover.');
  try {
    const answer = await host.request({
      url: `${base}/.cutover/${token}`,
      headers: name ? { host: name } : {},
      timeout,
      kept: how === 'kept',
      ...(signal ? { signal } : {}),
    });
    const upstream = answer.headers['x-cutover-upstream'];
    const slot = slots.find((candidate) => upstream === endpoint(config, candidate));
    const detail = `${base} answered ${answer.status}${upstream ? ` from ${upstream}` : ', but not from our location'}`;
    return { slot, status: answer.status, answered: true, detail };
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { container } = config.router;
    const down = container === undefined ? undefined : await whyEdgeIsDown(host, container);
    return silent(`${base}: ${error instanceof Error ? error.message : String(error)}${down ? `; ${down}` : ''}`);
  }
}

export function frontDoorUrl({ router }: Config): string {
  if (router.frontDoor) return router.frontDoor.replace(/\/$/, '');
  if (router.tls) return `https://${dialable(router.tls.listen[0] ?? '443')}`;
  return `http://${dialable(router.listen[0] ?? '80')}`;
}

/** `80`, `*:80`, `0.0.0.0:80` and `[::]:80` are all reached on loopback. */
function dialable(listen: string): string {
  const address = listen.split(' ')[0] ?? listen;
  if (/^\d+$/.test(address)) return `127.0.0.1:${address}`;
  return address.replace(/^(\*|0\.0\.0\.0):/, '127.0.0.1:').replace('[::]:', '[::1]:');
}

function silent(detail: string): FrontDoorAnswer {
  return { slot: undefined, status: undefined, answered: false, detail };
}
