import { endpoint } from '../../core/endpoint.ts';
import { askHealth } from '../../core/ask-health.ts';
import { healthPaths } from '../../core/health.ts';
import type { Slot } from '../../core/slot.ts';
import { otherSlot } from '../../core/slot.ts';
import type { World } from '../../core/world.ts';
import { whenDeployed, type Deployed } from '../context.ts';
import { fine, later, note, warning, wrong, type Check, type Finding } from '../finding.ts';

/** The very question that a deploy will ask, to the release that is live now. */
export const healthPath: Check = {
  id: 'health-path',
  group: 'application',
  trap: 4,
  title: 'health answers',
  check: whenDeployed(async ({ config, live, view, world }) => {
    if (view.slots[live].state !== 'running') return later('once the live release runs');
    const { asked, answer, healthy } = await askHealth(world, live);
    const named = config.health.kind === 'http' && config.health.path !== undefined;
    if (!healthy) return wrong(`${asked}: ${answer}; no deploy would pass`, await otherPath(world, live, answer));
    if (config.health.kind === 'http' && !named && asked.endsWith('/'))
      return warning(`no health path was found, so ${asked} is asked`, 'name one: `health: { path: /… }`');
    return fine(
      `${asked} ${answer}${named || config.health.kind !== 'http' ? '' : ' (found; `health.path` would name it)'}`,
    );
  }),
};

/** Would a page of errors, or any page at all, count as healthy? */
export const healthStrict: Check = {
  id: 'health-strict',
  group: 'application',
  trap: 4,
  title: 'health is strict',
  check: whenDeployed(async (context) => {
    const { kind, status, body } = context.config.health;
    if (kind === 'command') return note('a command decides; only its exit code counts');
    if (kind === 'tcp')
      return warning('an open port counts as healthy, whatever the app answers', 'name a path: `health: { path: /… }`');
    const loose = status.filter((one) => one < 200 || one > 299);
    if (loose.length > 0)
      return warning(
        `the status ${loose.join(', ')} counts as healthy`,
        'take it out of health.status: 2xx is the default',
      );
    if (body !== undefined) return fine(`2xx with "${body}" in it`);
    return catchesAll(context);
  }),
};

async function catchesAll({ config, host, live, view, world }: Deployed): Promise<Finding> {
  if (view.slots[live].state !== 'running') return fine('2xx only');
  const url = `http://${endpoint(config, live, world.address)}/no-such-page-${Date.now()}/health`;
  const answer = await host.request({ url, timeout: config.health.timeout }).catch(() => undefined);
  if (answer && answer.status >= 200 && answer.status < 300)
    return warning(
      `the app answers ${answer.status} to paths that do not exist, so a 2xx proves little`,
      'ask for text that only a healthy app says: `health: { body: UP }`',
    );
  return fine('2xx only, and a path that does not exist gets none');
}

/** A standby that could not take over is no way back. */
export const standbyHealth: Check = {
  id: 'standby',
  group: 'deployments',
  trap: 23,
  title: 'standby',
  check: whenDeployed(async ({ config, live, view, world }) => {
    const slot = otherSlot(live);
    const { state, release, detail } = view.slots[slot];
    if (config.standby !== 'keep' && state === 'stopped') return note('none is kept: a rollback starts the app');
    if (state === 'stopped') return note(`${slot} is empty: a rollback starts the app`);
    if (state === 'exited')
      return wrong(
        `release ${release ?? '?'} in ${slot} does not run: ${detail ?? 'it ended'}`,
        '`cutover up` starts it; `cutover logs` tells why it ended',
      );
    const { asked, answer, healthy } = await askHealth(world, slot);
    if (!healthy)
      return wrong(`${slot} could not take over: ${asked}: ${answer}`, `\`cutover logs ${slot}\` tells why`);
    return fine(`release ${release ?? '?'} in ${slot} is healthy: going there is a switch`);
  }),
};

async function otherPath({ address, config, host }: World, slot: Slot, answer: string): Promise<string> {
  if (answer !== 'answered 404') return `\`cutover logs ${slot}\` tells why`;
  for (const path of healthPaths.filter((preset) => preset !== '/')) {
    const url = `http://${endpoint(config, slot, address)}${path}`;
    const found = await host.request({ url, timeout: config.health.timeout }).catch(() => undefined);
    if (found?.status === 200) return `${path} answers 200: \`health: { path: ${path} }\``;
  }
  return 'name a path that is there: `health: { path: /… }`';
}
