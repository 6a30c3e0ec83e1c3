import type { Slot } from './core/slot.ts';

/** What the front door saw, by the router's own log. */
export interface Traffic {
  /** A position in the log to count from, or undefined when there is no log. */
  mark(): Promise<string | undefined>;
  since(mark: string): Promise<TrafficCount>;
  /** What came since, and the position after it. */
  read(mark: string): Promise<LogPart>;
  /** The last ones, so many at most. */
  last(lines: number): Promise<readonly LoggedRequest[]>;
  failovers(mark: string): Promise<Failovers>;
}

export interface LogPart {
  mark: string;
  requests: readonly LoggedRequest[];
  /** Requests of our own, by `Router.ask`: as long as they come, the log is written. */
  asked: number;
}

/** One request as the front door logged it. */
export interface LoggedRequest {
  method: string;
  /** Path and query, as it was sent. */
  target: string;
  host: string;
  agent: string;
  status: number;
  /** Who was asked last; undefined: neither slot. */
  slot: Slot | undefined;
  /** Who was asked before and gave no answer. */
  passedOver: readonly Slot[];
  /** A slot gave the answer; otherwise the front door gave it itself. */
  answered: boolean;
  /** Milliseconds to the first byte of the answer. */
  time: number | undefined;
}

/** Answers that the standby gave because the live release could not. */
export interface Failovers {
  requests: number;
  /** Seconds in which there was at least one. */
  seconds: number;
  /** When the last one was, as the log writes it. */
  last: string | undefined;
}

export interface TrafficCount {
  requests: number;
  /** Answered 5xx by the router because no slot answered. */
  lost: number;
}
