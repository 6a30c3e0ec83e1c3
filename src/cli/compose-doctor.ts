import type { Config } from '../config/config.ts';
import { asFailure, type Failure } from '../core/failure.ts';
import { outdated } from '../core/setup.ts';
import { look } from '../core/view.ts';
import { portOf, type Context, type NginxFacts } from '../doctor/context.ts';
import { holdersOf } from '../doctor/holder.ts';
import { readTree } from '../doctor/nginx/tree.ts';
import { mustReachSlots, mustSeeSwitch } from '../drivers/router/nginx/edge-checks.ts';
import { edgeOf } from '../drivers/router/nginx/edge.ts';
import { nginxPlace, type NginxPlace } from '../drivers/router/nginx/place.ts';
import { nginxControl } from '../drivers/router/nginx/control.ts';
import { frontDoorUrl } from '../drivers/router/nginx/front-door.ts';
import { accessLog } from '../drivers/router/nginx/log-files.ts';
import { mustBeVisible } from '../drivers/router/nginx/visible.ts';
import type { Host } from '../ports.ts';
import { compose, composeSetup } from './compose.ts';
import { ownerOf } from './owner.ts';

/** Gathers what can be had, whatever is broken. What only root may see comes first: composing gives root up. `deployer`: the host as whoever deploys sees it. */
export async function composeDoctor(host: Host, config: Config, deployer = host): Promise<Context> {
  const { uid } = host.me;
  const hasNginx = config.router.mode !== 'l4' && config.router.mode !== 'none';
  const nginx = !hasNginx ? noNginx(config) : await nginxFacts(host, config, uid);
  const [holders, chains, stale] = await Promise.all([
    holdersOf(host, [config.slots.blue, config.slots.green, portOf(nginx)]),
    config.router.mode === 'l4' ? chainsOf(host) : undefined,
    attempt(staleFiles(host, config)),
  ]);
  const world = await attempt(compose(deployer, config, () => {}));
  const view = world.value && (await attempt(look(world.value)));
  const trouble = world.failure ?? view?.failure;
  return {
    config,
    host,
    deployer,
    uid,
    nginx,
    chains,
    holders,
    stale: stale.value,
    world: world.value,
    view: view?.value,
    trouble,
  };
}

/** For whom it was set up is who it would be set up for again. */
async function staleFiles(host: Host, config: Config): Promise<readonly string[] | undefined> {
  const owner = await ownerOf(host, config.state);
  if (owner === undefined) return undefined;
  const { world, actions } = await composeSetup(host, config, owner, () => {});
  return outdated(world, await actions());
}

async function attempt<T>(work: Promise<T>): Promise<{ value: T | undefined; failure: Failure | undefined }> {
  try {
    return { value: await work, failure: undefined };
  } catch (error) {
    return { value: undefined, failure: asFailure(error) };
  }
}

async function chainsOf(host: Host): Promise<string | undefined> {
  const { code, stdout } = await host.run(['nft', '--json', 'list', 'chains']);
  return code === 0 ? stdout : undefined;
}

/** Where the kernel switches. */
function noNginx(config: Config): NginxFacts {
  const none = undefined;
  const facts = {
    version: none,
    container: none,
    workers: [],
    master: none,
    elsewhere: none,
    tested: none,
    invisible: none,
    accessLog: none,
  };
  return { ...facts, tree: [], unread: [], url: frontDoorUrl(config) };
}

async function nginxFacts(host: Host, config: Config, uid: number): Promise<NginxFacts> {
  const control = nginxControl(host, config);
  const place = nginxPlace(host, config);
  const [version, master, tree, visible, container] = await Promise.all([
    control.version().catch(() => undefined),
    control.master().catch(() => undefined),
    readTree(place, config.router.conf),
    attempt(mustBeVisible(host, config)),
    containerFacts(host, config),
  ]);
  return {
    version,
    master,
    container,
    workers: master === undefined ? [] : await titlesOf(place, await control.workers()),
    elsewhere: container || master === undefined ? undefined : await livesElsewhere(host, master),
    tested: version && (container || (await mayTest(host, uid, master))) ? await control.test() : undefined,
    tree: tree.directives,
    unread: tree.unread,
    invisible: visible.failure,
    url: frontDoorUrl(config),
    accessLog: config.router.mode === 'managed' ? accessLog(config) : undefined,
  };
}

async function titlesOf(place: NginxPlace, pids: readonly number[]): Promise<readonly string[]> {
  const titles = await Promise.all(pids.map((pid) => place.read(`/proc/${pid}/cmdline`).catch(() => undefined)));
  return titles.filter((title) => title !== undefined);
}

async function containerFacts(host: Host, config: Config): Promise<NginxFacts['container']> {
  const { container: name, mode } = config.router;
  if (name === undefined) return undefined;
  const seen = await attempt(edgeOf(host, name));
  const reached = await attempt(mustReachSlots(host, config));
  const sees = mode === 'classic' ? undefined : await attempt(mustSeeSwitch(host, config));
  const trouble = seen.failure ?? reached.failure ?? sees?.failure;
  return { name, restart: seen.value?.restart, trouble };
}

/** In a container: it has process ids of its own. A mere unit of systemd may hide files, but not that. */
async function livesElsewhere(host: Host, master: number): Promise<boolean | undefined> {
  const places = [`/proc/${master}/ns/pid`, '/proc/self/ns/pid'];
  const [its, ours] = await Promise.all(places.map((at) => host.read(at, { link: true }).catch(() => undefined)));
  return its === undefined ? undefined : its !== ours;
}

/** Its keys and logs are often root's alone, so for others a failing test would tell nothing. */
async function mayTest(host: Host, uid: number, master: number | undefined): Promise<boolean> {
  if (uid === 0) return true;
  return master !== undefined && (await host.run(['sh', '-c', 'kill -0 "$1"', 'kill', String(master)])).code === 0;
}
