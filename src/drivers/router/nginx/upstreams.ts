import type { Config } from '../../../config/config.ts';
import { endpoint } from '../../../core/endpoint.ts';
import { otherSlot, slots, type Slot } from '../../../core/slot.ts';

/** Both slots as nginx's upstream groups. */
export function upstreams(config: Config): string {
  return slots.map((slot) => upstream(config, slot, upstreamName(config.app, slot), keepAlive(config))).join('\n');
}

/** The same for streams, which share no connections with ordinary requests: so they can be told apart. */
export function streamUpstreams(config: Config): string {
  return slots.map((slot) => upstream(config, slot, streamUpstreamName(config.app, slot), '')).join('\n');
}

/**
 * `max_fails=0`: a refused connection moves one request to the standby and is forgotten, so that
 * traffic is back on the live slot with the first request that it accepts again.
 */
function upstream(config: Config, slot: Slot, name: string, more: string): string {
  const other = endpoint(config, otherSlot(slot));
  return `upstream ${name} {
  server ${endpoint(config, slot)} max_fails=0;
${config.router.failover ? `  server ${other} backup max_fails=0;\n` : ''}${more}}
`;
}

function keepAlive({ upstream: { keepalive, requests, idle } }: Config): string {
  if (keepalive === 0) return '';
  return `  keepalive ${keepalive};\n  keepalive_requests ${requests};\n  keepalive_timeout ${idle}ms;\n`;
}

/**
 * Without an underscore: where a server block passes on no `Host` of its own, this name is the `Host`,
 * and Tomcat answers 400 to one that no host could have (RFC 952).
 */
export function upstreamName(app: string, slot: Slot): string {
  return `cutover-${app}-${slot}`;
}

export function streamUpstreamName(app: string, slot: Slot): string {
  return `${upstreamName(app, slot)}-streams`;
}

/** The app's name where nginx allows no hyphen. */
export function underscored(app: string): string {
  return app.replaceAll('-', '_');
}
