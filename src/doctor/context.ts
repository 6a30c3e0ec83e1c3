import type { Config } from '../config/config.ts';
import type { Failure } from '../core/failure.ts';
import type { Slot } from '../core/slot.ts';
import type { View } from '../core/view.ts';
import type { World } from '../core/world.ts';
import type { Host, RunResult } from '../ports.ts';
import { later, type Finding } from './finding.ts';
import type { Holder } from './holder.ts';
import type { Directive } from './nginx/directive.ts';

/** What all checks look at. What could not be had is undefined, and `trouble` says why. */
export interface Context {
  config: Config;
  host: Host;
  /** The same as whoever deploys sees it: over ssh root does not become the owner of the state. */
  deployer: Host;
  /** User id of whoever asked. Root acts as the owner of the state once the world is composed. */
  uid: number;
  nginx: NginxFacts;
  /** All chains of nftables as JSON, where the kernel switches; undefined: only root may see them. */
  chains: string | undefined;
  /** Who listens on the ports of both slots and of the front door, as far as this user may see. */
  holders: ReadonlyMap<number, Holder>;
  /** Files of the set-up that it would write otherwise now; undefined: this user may not look, or there is none. */
  stale: readonly string[] | undefined;
  /** Undefined: not set up yet, or not for this user. */
  world: World | undefined;
  /** Undefined: the switch could not be read. */
  view: View | undefined;
  trouble: Failure | undefined;
}

export interface NginxFacts {
  /** `[1, 22, 1]`; undefined: there is no such program. */
  version: readonly number[] | undefined;
  /** Process id of the master. */
  master: number | undefined;
  /** Command lines of its workers. */
  workers: readonly string[];
  /** Where nginx is in a container: which one, and what is wrong with it. */
  container: { name: string; restart: string | undefined; trouble: Failure | undefined } | undefined;
  /** It sees other files than we do; undefined: only root may look. */
  elsewhere: boolean | undefined;
  /** Of `nginx -t`; undefined: only root may. */
  tested: RunResult | undefined;
  /** Everything that its main file includes, read by ourselves: it works without root and while nginx is down. */
  tree: readonly Directive[];
  /** Files that this user may not read. */
  unread: readonly string[];
  /** Why the workers cannot see the switch. */
  invisible: Failure | undefined;
  /** Where the front door is asked. */
  url: string;
  /** Our own access log, where there is one. */
  accessLog: string | undefined;
}

export function portOf({ url }: NginxFacts): number {
  return Number(new URL(url).port || (url.startsWith('https') ? 443 : 80));
}

export type Seen = Context & { world: World; view: View };
export type Deployed = Seen & { live: Slot };

/** A check that needs the records, the switch and the processes. */
export function whenSeen(check: (context: Seen) => Promise<Finding> | Finding) {
  return (context: Context): Promise<Finding> | Finding => {
    const { world, view } = context;
    return world && view ? check({ ...context, world, view }) : later('once the app is set up and its switch readable');
  };
}

/** A check that needs a live release. */
export function whenDeployed(check: (context: Deployed) => Promise<Finding> | Finding) {
  return whenSeen((context) => {
    const { live } = context.view;
    return live ? check({ ...context, live }) : later('once something is deployed');
  });
}
