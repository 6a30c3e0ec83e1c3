import type { Slot } from '../../src/core/slot.ts';

/** A front door that can be told which of the two slots gets the public traffic. */
export interface Contender {
  readonly name: string;
  /** How it switches, in a few words, and what was set in its favour. */
  readonly how: string;
  readonly url: string;
  /** Its first process; its others are children of it. */
  readonly pid: number;
  /** The command. Returns when it does; traffic may move later. */
  switchTo(slot: Slot): Promise<void>;
  stop(): Promise<void>;
}

export type Ports = Readonly<Record<Slot, number>>;

/** Starts with all traffic on blue. Rejects when the program cannot be had here. */
export type StartContender = (ports: Ports) => Promise<Contender>;
