import type { Config } from '../config/config.ts';
import { asFailure, type Failure } from '../core/failure.ts';
import { look } from '../core/view.ts';
import type { Context, NginxFacts } from '../doctor/context.ts';
import { readTree } from '../doctor/nginx/tree.ts';
import { localHost } from '../drivers/host/local.ts';
import { nginxControl } from '../drivers/router/nginx/control.ts';
import { frontDoorUrl } from '../drivers/router/nginx/front-door.ts';
import { accessLog } from '../drivers/router/nginx/install.ts';
import { mustBeVisible } from '../drivers/router/nginx/visible.ts';
import type { Host } from '../ports.ts';
import { compose } from './compose.ts';

/** Gathers what can be had, whatever is broken. */
export async function composeDoctor(config: Config): Promise<Context> {
  const host = localHost();
  const uid = process.getuid?.() ?? 0;
  const [nginx, world] = await Promise.all([nginxFacts(host, config, uid), attempt(compose(config, () => {}))]);
  const view = world.value && (await attempt(look(world.value)));
  const trouble = world.failure ?? view?.failure;
  return { config, host, uid, nginx, world: world.value, view: view?.value, trouble };
}

async function attempt<T>(work: Promise<T>): Promise<{ value: T | undefined; failure: Failure | undefined }> {
  try {
    return { value: await work, failure: undefined };
  } catch (error) {
    return { value: undefined, failure: asFailure(error) };
  }
}

async function nginxFacts(host: Host, config: Config, uid: number): Promise<NginxFacts> {
  const control = nginxControl(host, config);
  const [version, master, tree, visible] = await Promise.all([
    control.version().catch(() => undefined),
    control.master(),
    readTree(host, config.router.conf),
    attempt(mustBeVisible(host, config)),
  ]);
  return {
    version,
    master,
    tested: version && (await mayTest(host, uid, master)) ? await control.test() : undefined,
    tree: tree.directives,
    unread: tree.unread,
    invisible: visible.failure,
    url: frontDoorUrl(config),
    accessLog: config.router.mode === 'managed' ? accessLog(config) : undefined,
  };
}

/** Its keys and logs are often root's alone, so for others a failing test would tell nothing. */
async function mayTest(host: Host, uid: number, master: number | undefined): Promise<boolean> {
  if (uid === 0) return true;
  return master !== undefined && (await host.run(['sh', '-c', 'kill -0 "$1"', 'kill', String(master)])).code === 0;
}
