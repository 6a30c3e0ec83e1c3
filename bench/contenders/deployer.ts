/** A way to bring the next release of a container to its users, with the proxy that it needs in front. */
export interface Deployer {
  readonly url: string;
  /**
   * Deploys the image to the end. Calls `moving` at the instant at which it has the traffic moved, and again when it
   * takes the old container away, if that is later.
   */
  deploy(next: Next, moving: () => void): Promise<void>;
  stop(): Promise<void>;
}

export interface Next {
  readonly image: string;
  /** What its answers say in `X-Release`, if the deployer does not number releases itself. */
  readonly release: string;
}

export interface DeployerKind {
  readonly name: string;
  /** What it does, in a few words, and what was set in its favour. */
  readonly how: string;
  /** Deploys in one turn: fewer where most of the time is a fixed wait. */
  readonly deploys: number;
  /** Ends with this image live. */
  start(first: Next): Promise<Deployer>;
}
