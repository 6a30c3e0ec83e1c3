import type { Slot } from '../core/slot.ts';
import type { Progressive } from './progressive.ts';

/** What a `cutover.yaml` means once it is read: defaults filled in, durations in milliseconds, sizes in bytes. */
export interface Config {
  /** Absolute path of the file this came from; the folder of it is where relative paths start. */
  readonly file: string;
  readonly app: string;
  /** The one that this configuration is for, over ssh; undefined: this machine, or one of `servers` still to be chosen. */
  readonly server: Server | undefined;
  /** All that the file names, over ssh; empty: this machine. */
  readonly servers: readonly Server[];
  /** What differs for the servers of a role, as a whole configuration. */
  readonly roles: Readonly<Record<string, Config>>;
  readonly rollout: Rollout;
  /** Absolute path or glob of a jar, a file or a folder; for containers as `artifactKind` says. */
  readonly artifact: string;
  /** `path`: a file or folder. For containers: an image's name, the path of an archive, of a folder to build, or of a Compose file. */
  readonly artifactKind: 'path' | 'image' | 'archive' | 'build' | 'compose';
  /** Of the Compose file. */
  readonly service: string | undefined;
  /** Host names the front door answers to. The first one is used to ask it. Empty: any name (`_`). */
  readonly domains: readonly string[];
  /** Directory that holds releases, slots, journal and lock of this app on the host. Absolute. */
  readonly state: string;
  /** How a release is started. Undefined: `java -jar` for a jar, otherwise a configuration error. */
  readonly run: RunCommand | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Absolute path of a dotenv-style file, or undefined. Its values are secrets. */
  readonly envFile: string | undefined;
  /** Operating-system user that the application runs as; undefined: whoever deploys. */
  readonly user: string | undefined;
  readonly slots: Readonly<Record<Slot, number>>;
  readonly health: Health;
  /** Time between TERM and KILL when a slot is stopped. */
  readonly grace: number;
  /** Longest time to wait for connections of a slot to end before it is stopped. */
  readonly drain: number;
  /** How long the old slot stays up after a switch: for ever, or so many milliseconds. */
  readonly standby: 'keep' | number;
  /** Number of releases kept on the host. */
  readonly keep: number;
  readonly progressive: Progressive;
  readonly runtime: 'auto' | 'process' | 'systemd' | 'docker';
  readonly container: ContainerConfig;
  readonly router: RouterConfig;
  readonly hooks: Hooks;
  readonly memory: { readonly check: boolean; readonly needed: number | undefined };
  /** Bytes of output kept per release (twice that at most on disk). */
  readonly logSize: number;
  readonly upstream: Upstream;
}

export interface Server {
  /** As people call it, and as it is told in every output. */
  readonly name: string;
  /** What ssh is given. */
  readonly address: string;
  readonly role: string | undefined;
}

/** Servers of a wave: so many, or a share of all. */
export type Wave = { readonly count: number } | { readonly percent: number };

export interface Rollout {
  readonly waves: readonly Wave[];
  /** How long the first wave is watched. */
  readonly watch: number;
  readonly onFailure: 'back' | 'stop';
  readonly beforeServer: Hook | undefined;
  readonly afterServer: Hook | undefined;
}

export interface RunCommand {
  /** May hold {artifact}, {port}, {slot}, {release}. With `shell` there is exactly one element, given to `sh -c`. */
  readonly argv: readonly string[];
  readonly shell: boolean;
}

export interface ContainerConfig {
  /** Inside the container; undefined: the one that the image exposes, else 8080. */
  readonly port: number | undefined;
  readonly pull: 'auto' | 'always' | 'missing' | 'never';
  readonly volumes: readonly string[];
  readonly network: string | undefined;
  /** Fixed addresses of the slots on `network`; nginx passes to them instead of to the published ports. */
  readonly addresses: Readonly<Record<Slot, string>> | undefined;
  /** Each slot has a port of this machine, on 127.0.0.1. Not needed where it has an address of its own. */
  readonly published: boolean;
  /** Bytes. */
  readonly memory: number | undefined;
  readonly cpus: number | undefined;
  readonly init: boolean;
  readonly logFiles: number;
}

export interface Health {
  readonly kind: 'http' | 'tcp' | 'command';
  /** Path for `http`; undefined: the presets are tried in turn. */
  readonly path: string | undefined;
  /** Statuses that count as healthy; empty: any 2xx. */
  readonly status: readonly number[];
  /** Text the body must contain, or undefined. */
  readonly body: string | undefined;
  /** `name: value` pairs the answer must have (value compared exactly). */
  readonly header: Readonly<Record<string, string>>;
  /** Argument list for `command`; {port} and the like are filled in; exit code 0 is healthy. */
  readonly command: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly deadline: number;
  /** Successes in a row that are needed. */
  readonly successes: number;
}

export interface RouterConfig {
  /** The first three are nginx's; `l4` is the kernel's own switch; `none` has no traffic to switch. */
  readonly mode: 'managed' | 'adopted' | 'classic' | 'l4' | 'none';
  /** Name of the container that nginx is in; its paths are then paths inside it. Undefined: it is on this machine. */
  readonly container: string | undefined;
  readonly binary: string;
  /** Main configuration file. */
  readonly conf: string;
  /** `nginx -p`; undefined: the one that was compiled in. */
  readonly prefix: string | undefined;
  /** Directory for our site file; undefined: found by looking (sites-enabled, else conf.d). */
  readonly sites: string | undefined;
  readonly pid: string;
  /** `address:port`, `[v6]:port` or `port` for plain HTTP. Empty only with tls: HTTPS alone. */
  readonly listen: readonly string[];
  /** Include file of `adopted` and `classic`. */
  readonly include: string;
  /** Variable that the user's `proxy_pass` names in `adopted` and `classic`, without `$`. */
  readonly variable: string;
  readonly tls: Tls | undefined;
  /** Address the front door is asked at, e.g. `http://127.0.0.1:80`; undefined: from `listen`. */
  readonly frontDoor: string | undefined;
  readonly failover: boolean;
  readonly maxBody: string;
  readonly l4: L4Config;
}

/** What `router.mode: l4` needs to know beside `listen`. */
export interface L4Config {
  readonly protocol: 'tcp' | 'udp';
  /** What becomes of connections to the old slot once the traffic has moved. */
  readonly oldConnections: 'wait' | 'close' | 'cut';
  /** `address:port` of the servers of each slot; undefined: both slots run on this machine. */
  readonly pools: Readonly<Record<Slot, readonly string[]>> | undefined;
  /** The servers see this machine's address instead of the client's. */
  readonly masquerade: boolean;
  /** Successes in a row that bring a server back, and misses in a row that take it out. */
  readonly rise: number;
  readonly fall: number;
  /** Folder, root's alone, with the rules and the one program that changes them. */
  readonly rules: string;
}

export interface Tls {
  readonly certificate: string;
  readonly key: string;
  readonly listen: readonly string[];
  readonly redirect: boolean;
}

export interface Hook {
  readonly argv: readonly string[];
  readonly shell: boolean;
  readonly deadline: number;
}

export interface Hooks {
  readonly beforeStart: Hook | undefined;
  readonly afterStart: Hook | undefined;
  readonly beforeSwitch: Hook | undefined;
  readonly afterSwitch: Hook | undefined;
  readonly afterFailure: Hook | undefined;
  readonly activate: Hook | undefined;
  readonly deactivate: Hook | undefined;
}

/** Server behind the port, which decides how long nginx may keep an idle connection to it. */
export interface Upstream {
  readonly server: 'tomcat' | 'jetty' | 'undertow' | 'netty' | 'node' | 'other';
  /** Idle connections kept per nginx worker; 0 turns upstream keep-alive off. */
  readonly keepalive: number;
  /** Requests per connection before nginx closes it. Below the application's own limit. */
  readonly requests: number;
  /** Idle time in ms before nginx closes it. Below the application's own limit. */
  readonly idle: number;
}
