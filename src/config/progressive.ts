import type { Written } from './schema.ts';

/** A share of the traffic for a time, a number of requests, or until somebody says so. */
export interface Stage {
  readonly percent: number;
  readonly time: number;
  readonly requests: number;
  readonly hold: boolean;
}

export interface Shift {
  readonly stages: readonly Stage[];
  readonly sticky: 'cookie' | 'address' | 'none' | { readonly header: string };
}

export interface Metric {
  readonly name: string;
  readonly from:
    | { readonly command: readonly string[] }
    | { readonly url: string }
    | { readonly prometheus: string; readonly query: string };
  readonly max: number | undefined;
  readonly min: number | undefined;
  readonly every: number;
  readonly misses: number;
}

export interface Watch {
  /** After the last stage, ms. */
  readonly time: number;
  /** Shares, 0 to 1. */
  readonly errors: number;
  readonly slow: number;
  readonly factor: number;
  /** 0: it is not looked at. */
  readonly slower: number;
  readonly settle: number;
  readonly requests: number;
  readonly quiet: 'wait' | 'pass' | 'fail';
  readonly longest: number;
  readonly misses: number;
  readonly metrics: readonly Metric[];
}

export interface WarmUp {
  readonly paths: readonly string[];
  readonly replay: number;
  readonly skip: readonly string[];
  readonly skipHosts: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly userAgent: boolean;
  readonly parallel: number;
  readonly deadline: number;
  readonly required: boolean;
}

export interface Preview {
  /** Absolute, on the machine that sets up. */
  readonly secretFile: string;
  readonly header: string;
  readonly cookie: string;
}

export interface Progressive {
  /** Undefined: all at once. */
  readonly shift: Shift | undefined;
  readonly watch: Watch;
  readonly warmup: WarmUp | undefined;
  readonly preview: Preview | undefined;
}

export function progressiveOf({ shift, watch, warmup, preview }: Written, from: (path: string) => string): Progressive {
  return {
    shift: shift && shiftOf(shift),
    watch: watchOf(watch, shift === undefined ? 0 : 30_000),
    warmup: warmup && warmUpOf(warmup),
    preview: preview && { secretFile: from(preview.secret_file), header: preview.header, cookie: preview.cookie },
  };
}

function shiftOf({ stages, for: time, requests, sticky }: NonNullable<Written['shift']>): Shift {
  return {
    sticky,
    stages: stages.map((stage) => ({ time, requests, hold: false, ...named(stage) })),
  };
}

type WrittenStage = NonNullable<Written['shift']>['stages'][number];

function named(stage: WrittenStage): Pick<Stage, 'percent'> & Partial<Stage> {
  if (!('hold' in stage)) return stage;
  const { percent, for: time, requests, hold } = stage;
  return {
    percent,
    hold,
    ...(time === undefined ? {} : { time }),
    ...(requests === undefined ? {} : { requests }),
  };
}

function watchOf({ for: time, errors, slow, metrics, ...rest }: Written['watch'], standard: number): Watch {
  return {
    ...rest,
    time: time ?? standard,
    errors: errors / 100,
    slow: slow / 100,
    metrics: metrics.map(({ name, max, min, every, misses, ...source }) => ({
      name,
      max,
      min,
      every,
      misses,
      from: sourceOf(source),
    })),
  };
}

type WrittenMetric = Written['watch']['metrics'][number];

function sourceOf({ command, url, prometheus, query }: Partial<WrittenMetric>): Metric['from'] {
  if (command) return { command };
  return url === undefined ? { prometheus: prometheus ?? '', query: query ?? '' } : { url };
}

function warmUpOf({ skip_hosts: skipHosts, user_agent: userAgent, ...rest }: NonNullable<Written['warmup']>): WarmUp {
  return { ...rest, skipHosts, userAgent };
}

/** What nginx has to know of clients: who is who, or who may look first. */
export function sharesTraffic({ shift, preview }: Progressive): boolean {
  return shift !== undefined || preview !== undefined;
}
