import type { Slot } from './core/slot.ts';
import type { Split } from './core/split.ts';
import type { ReporterEvent } from './core/events.ts';
import type { JournalEntry } from './core/journal.ts';
import type { Member } from './core/member.ts';
import type { Release } from './core/release.ts';
import type { Artifact } from './core/stage.ts';

/** A machine that commands run on: this one, or another over ssh. Every driver that touches a machine goes through it. */
export interface Host {
  /** Who we are on it. */
  readonly me: Login;
  /** Runs an argument list; never a shell string. A non-zero exit is a result, not an error. */
  run(argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /**
   * Whole text of a file; the target of a link; with `look` `UID MODE KIND` of what is at the path itself, as
   * `stat -c '%u %a %F'` prints it. Undefined when there is nothing.
   */
  read(path: string, options?: ReadOptions): Promise<string | undefined>;
  /** Replaces a file or link so that a reader sees the old or the new one and a power failure keeps one of them. */
  write(path: string, content: Content, options?: WriteOptions): Promise<void>;
  /** Copies a local file or folder to a path on the host that does not exist yet, and syncs it. In a few words: what it cost. */
  copy(from: string, to: string, options?: CopyOptions): Promise<string>;
  /** An HTTP request as seen from that host. Rejects only when no answer came. */
  request(request: HttpRequest): Promise<HttpAnswer>;
}

/** A login on a host, or whoever runs this process. */
export interface Login {
  /** Name of the host, by itself. */
  readonly host: string;
  readonly user: string;
  readonly uid: number;
  readonly home: string;
  /** Its PATH. */
  readonly path: string;
  /** A process there that lives no longer than this command: what holds a lock. */
  readonly pid: number;
  /** The host is another machine, whose files are not ours. */
  readonly remote: boolean;
  /** Who became root there by sudo. */
  readonly sudoUser: string | undefined;
}

export interface ReadOptions {
  link?: boolean;
  look?: boolean;
  /** `*` in the path stands for any name that begins with no dot: the texts of all that are there, one after another. */
  every?: boolean;
}

export interface CopyOptions {
  /** Folder on the host that keeps what was sent, so that it is sent once and goes on where it broke off. */
  keep?: string;
  progress?: (sent: number, total: number) => void;
  signal?: AbortSignal;
}

export interface RunOptions {
  input?: string;
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Milliseconds; the process is ended by then and the result says so. */
  deadline?: number;
  signal?: AbortSignal;
  /** Its output goes to ours as it comes, without a deadline; the result holds none of it. */
  passOn?: boolean;
}

export interface RunResult {
  /** Exit code; 128 + n when ended by signal n; 127 when the program does not exist. */
  code: number;
  stdout: string;
  stderr: string;
  timedOut: boolean;
}

/** Text, a symbolic link to a target, or the very file that lies at another path of the same folder. */
export type Content = string | { link: string } | { move: string };

export interface WriteOptions {
  /** File mode, default 0o644. */
  mode?: number;
  /** Adds to the end and syncs, instead of replacing. */
  append?: boolean;
}

export interface HttpRequest {
  /** `http://127.0.0.1:8081/path` or https; a certificate is not verified: it is our own door we ask. */
  url: string;
  headers?: Readonly<Record<string, string>>;
  /** Default GET. */
  method?: 'GET' | 'HEAD';
  /** Over a connection that stays open for more of the kind; `last`: it is closed after the answer. */
  kept?: boolean | 'last';
  /** The answer has to tell where the connection came from. */
  traced?: boolean;
  /** Milliseconds. */
  timeout: number;
  signal?: AbortSignal;
}

export interface HttpAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** First 64 KiB. */
  body: string;
  /** Where the connection came from. An error of a connection that was made bears it, too. */
  from: { address: string; port: number } | undefined;
}

/** Keeps what is deployed on the host, each release as it was. */
export interface Artifacts {
  /** What a release of this artifact will be started from: an absolute path, or the name of an image. */
  place(id: string, artifact: Artifact): string;
  /** There is room for one more of this size, as far as that can be known beforehand; or it rejects. */
  mustFit(artifact: Artifact): Promise<void>;
  /** All of it is there and its record written, or it rejects and there is no such release. In a few words: what was done. */
  stage(release: Release, artifact: Artifact, options?: Omit<CopyOptions, 'keep'>): Promise<string>;
  /** Nothing but these releases. */
  remove(ids: readonly string[]): Promise<void>;
}

/** Runs a release in a slot. */
export interface Runtime {
  readonly name: string;
  /** Starts the release and returns once the process exists; it need not answer yet. */
  start(slot: Slot, launch: Launch): Promise<void>;
  /** TERM, wait, KILL; returns when nothing of the slot runs any more. Nothing to stop is fine. */
  stop(slot: Slot, grace: number): Promise<Stopped>;
  /** What the slot is doing now, from the operating system itself. `alive` leaves out what costs: memory and ports. */
  inspect(slot: Slot, depth?: 'alive' | 'full'): Promise<Inspection>;
  /** The release in the slot was proven healthy: from now on it comes back after a reboot, where the runtime can. */
  keep(slot: Slot): Promise<void>;
  /** Argument list that prints (and with `follow` keeps printing) the last lines of a slot's or a release's output. */
  logs(
    of: { slot: Slot } | { release: string },
    options: { lines: number; follow: boolean },
  ): Promise<readonly string[]>;
}

export interface Launch {
  release: Release;
  port: number;
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  user: string | undefined;
}

export interface Stopped {
  /** Signal that ended it: it went by itself, on TERM, or had to be killed. */
  how: 'was-not-running' | 'graceful' | 'killed';
}

export interface Inspection {
  /** `exited`: should run, does not, and nothing will start it again by itself right now. */
  state: 'running' | 'stopped' | 'exited';
  /** Release of the process itself, from its environment; of the record when it does not run. */
  release: string | undefined;
  pid: number | undefined;
  /** Milliseconds since the epoch. */
  since: number | undefined;
  /** Times it was started again after a crash. */
  restarts: number;
  /** Resident bytes of all its processes. */
  memory: number | undefined;
  /** TCP ports on which its own processes listen. */
  ports: readonly number[];
  /** What its own check says, where it has one beside ours: an image's HEALTHCHECK. */
  health?: 'starting' | 'healthy' | 'unhealthy' | undefined;
  /** Somebody else listens on the slot's port. */
  taken: boolean;
  /** Why it is not as it should be, in words, if known. */
  detail: string | undefined;
  /** What would mend that, where the runtime knows more than that the application needs mending. */
  fix?: string | undefined;
}

/** Decides which slot the public reaches. */
export interface Router {
  readonly name: string;
  /** Smallest change of the split in percent: 100 means all or nothing. */
  readonly granularity: number;
  /** The split it serves now, from the router itself. */
  read(): Promise<Split>;
  /** Takes effect whole, or the old split stays in force and it rejects. */
  write(split: Split): Promise<void>;
  /** One request through the front door: which slot answered it. `kept`: over a connection that is kept open. */
  ask(signal?: AbortSignal, how?: 'kept'): Promise<FrontDoorAnswer>;
  /** What is open through the router to a slot; with `cut`, where it can, it takes this away from it. */
  connections(slot: Slot, end?: 'cut'): Promise<Connections>;
  /** What `setup` has to do once, as data, for the user who will deploy. */
  install(deployer: string): Promise<readonly SetupAction[]>;
}

/** The servers behind a router that leads to more than one per slot. */
export interface Pools {
  /** `address:port` of each, as configured. */
  addresses(slot: Slot): readonly string[];
  recorded(): Promise<readonly Member[]>;
  record(members: readonly Member[]): Promise<void>;
  /** New connections to the slot go to these, and to no others. */
  use(slot: Slot, addresses: readonly string[]): Promise<void>;
  /** Takes away what is open to one of them; answers with how many that were. */
  cut(slot: Slot, address: string): Promise<number>;
}

export interface Connections {
  /** All, those that idle between two requests included. */
  open: number;
  /** WebSockets and event streams, where they can be told apart. */
  streams?: number;
  /** Requests that have no answer yet, streams apart, where that can be seen. */
  waiting?: number;
}

export interface FrontDoorAnswer {
  /** Undefined: the answer was not from one of our slots. */
  slot: Slot | undefined;
  status: number | undefined;
  /** Somebody took the request; a status is told only by those who speak HTTP. */
  answered: boolean;
  /** One line for people: what was asked and what came back. */
  detail: string;
}

/** `deployer` may change it later; `group`: root's, readable for the deployer's group; undefined: root's. */
export type Owner = 'deployer' | 'group' | undefined;

export type SetupAction =
  | { kind: 'directory'; path: string; mode: number; owner: Owner; why: string }
  | { kind: 'file'; path: string; content: string; mode: number; owner: Owner; why: string }
  | { kind: 'link'; path: string; target: string; why: string }
  /** An empty file that is made unless it, or the other one, is there. */
  | { kind: 'marker'; path: string; unless: string; why: string }
  | SetupCommand;

export interface SetupCommand {
  /** `test`: before anything is changed; `check` and `apply`: after the files are there; `unapply`: on the way back. */
  kind: 'test' | 'check' | 'apply' | 'unapply';
  argv: readonly string[];
  /** What an exit code means, other than that it went wrong. */
  refusals?: Readonly<Record<number, { code: string; what: string; fix: string }>>;
  /** Run as the deployer, with the bus of the deployer's own service manager. */
  asDeployer?: boolean;
  /** Of `unapply`: only when all is taken back, not after a later set-up that failed. */
  final?: boolean;
  why: string;
}

/** Memory of what was done, on the host that is deployed to. */
export interface Store {
  /** All entries, oldest first. A torn last line is left out. */
  journal(): Promise<readonly JournalEntry[]>;
  /** Synced before it returns. */
  append(...entries: readonly JournalEntry[]): Promise<void>;
  releases(): Promise<readonly Release[]>;
  /** Takes the lock, or rejects with `LOCKED` and its owner. A dead owner's lock is taken over. */
  lock(command: string): Promise<Lock>;
  lockOwner(): Promise<LockOwner | undefined>;
}

export interface Lock {
  takenOverFrom: LockOwner | undefined;
  release(): Promise<void>;
}

export interface LockOwner {
  user: string;
  /** Where the process lives: the host that is deployed to. */
  host: string;
  /** `user@host` of who gave the command, when that was another machine. */
  from?: string | undefined;
  pid: number;
  /** Identity of the process beyond its pid: boot id and start time in clock ticks. */
  started: string;
  since: number;
  command: string;
  /** False only when it is proven that the process is gone. */
  alive: boolean;
}

export interface Clock {
  /** Wall time in ms since the epoch: for people. */
  now(): number;
  /** Milliseconds that never jump: for deadlines. */
  elapsed(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Hears what the core does. Must never throw. */
export type Reporter = (event: ReporterEvent) => void;

export type { Failovers, LoggedRequest, LogPart, Traffic, TrafficCount } from './ports-traffic.ts';
