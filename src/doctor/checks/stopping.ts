import { slots } from '../../core/slot.ts';
import { whenSeen } from '../context.ts';
import { fine, warning, wrong, type Check } from '../finding.ts';
import { humanDuration } from '../../lib/duration.ts';

/** Spring's own longest graceful shutdown, `spring.lifecycle.timeout-per-shutdown-phase`. */
const springShutdown = 30_000;

/** `kill -15; sleep 5` is a hope. */
export const stopping: Check = {
  id: 'grace',
  group: 'application',
  trap: 12,
  title: 'time to stop',
  check({ config }) {
    const { grace, upstream } = config;
    const spring = ['tomcat', 'jetty', 'undertow'].includes(upstream.server);
    if (spring && grace < springShutdown)
      return warning(
        `after ${humanDuration(grace)} it is killed, but Spring may take ${humanDuration(springShutdown)} to answer what is in flight`,
        'grace: 35s, or less in spring.lifecycle.timeout-per-shutdown-phase',
      );
    if (grace < 1000) return warning(`only ${humanDuration(grace)} until it is killed`, 'grace: 35s');
    return fine(`TERM, up to ${humanDuration(grace)}, then KILL, then proof that the port is free`);
  },
};

/** What is in flight when a slot is stopped. */
export const drain: Check = {
  id: 'drain',
  group: 'deployments',
  trap: 23,
  title: 'drain',
  check({ config }) {
    if (config.drain === 0)
      return warning('drain is 0: WebSockets, SSE and slow requests are cut when a slot is stopped', 'drain: 30s');
    return fine(`waits up to ${humanDuration(config.drain)} for open connections, and tells how many it cut`);
  },
};

/** A crash loop, or nobody left who would mend a crash. */
export const crashes: Check = {
  id: 'crashes',
  group: 'application',
  trap: 6,
  title: 'keeps running',
  check: whenSeen(({ view }) => {
    for (const slot of slots) {
      const { state, restarts, detail, health, fix } = view.slots[slot];
      const logs = `\`cutover logs ${slot}\` tells why`;
      if (state === 'exited' && slot === view.live)
        return wrong(
          `${slot} is live and does not run: ${detail ?? ''}`,
          fix ?? (restarts > 0 ? `${logs}; \`cutover rollback\` goes back` : '`cutover up`, or `cutover rollback`'),
        );
      if (state === 'running' && health === 'unhealthy') return wrong(`${slot}: ${detail ?? health}`, logs);
      if (state === 'running' && detail) return wrong(`${slot}: ${detail}`, fix ?? '`cutover deploy` starts it anew');
      if (restarts > 0)
        return warning(`${slot} crashed and was started again ${restarts} times`, `\`cutover logs ${slot}\` tells why`);
    }
    return fine('no crash since the start');
  }),
};
