import type { Config } from '../config/config.ts';
import type { Artifacts, Clock, Host, Pools, Reporter, Router, Runtime, Store, Traffic } from '../ports.ts';

/** Everything the core may touch, and the only way it does. */
export interface World {
  config: Config;
  host: Host;
  artifacts: Artifacts;
  runtime: Runtime;
  router: Router;
  store: Store;
  clock: Clock;
  /** What the drivers know to check before a deploy; each rejects with a failure. */
  checks: readonly Check[];
  /** Undefined where the front door keeps no log of ours. */
  traffic: Traffic | undefined;
  /** Address of this machine at which the slots are asked, as the router reaches them; default 127.0.0.1. */
  address?: string | undefined;
  /** Undefined where each slot is one address of this machine. */
  pools?: Pools | undefined;
  report: Reporter;
  /** `user@host` of whoever gave the command. */
  who: string;
}

/** Something that must be true before a slot is touched. `shares`: traffic will be shared between the slots. */
export type Check = (move: { shares: boolean }) => Promise<void>;
