import type { Config } from '../../../config/config.ts';
import { endpoint } from '../../../core/endpoint.ts';
import { otherSlot, slots, type Slot } from '../../../core/slot.ts';

/** Both slots as nginx's upstream groups. */
export function upstreams(config: Config): string {
  return slots.map((slot) => upstream(config, slot)).join('\n');
}

/**
 * `max_fails=0`: a refused connection moves one request to the standby and is forgotten, so that
 * traffic is back on the live slot with the first request that it accepts again.
 */
function upstream(config: Config, slot: Slot): string {
  const { keepalive, requests, idle } = config.upstream;
  const other = endpoint(config, otherSlot(slot));
  return `upstream ${upstreamName(config.app, slot)} {
  server ${endpoint(config, slot)} max_fails=0;
${config.router.failover ? `  server ${other} backup max_fails=0;\n` : ''}${
    keepalive > 0
      ? `  keepalive ${keepalive};\n  keepalive_requests ${requests};\n  keepalive_timeout ${idle}ms;\n`
      : ''
  }}
`;
}

/**
 * Without an underscore: where a server block passes on no `Host` of its own, this name is the `Host`,
 * and Tomcat answers 400 to one that no host could have (RFC 952).
 */
export function upstreamName(app: string, slot: Slot): string {
  return `cutover-${app}-${slot}`;
}

/** The app's name where nginx allows no hyphen. */
export function underscored(app: string): string {
  return app.replaceAll('-', '_');
}
