import { monotonic } from './clock.ts';
import { type Identity, type Latency, type LoadReport, type Loss, type Seen, type Segment, summarize } from './load-report.ts';

/** Takes down what becomes of every request, a few numbers each. */
export interface LoadLog {
  readonly counts: { sent: number; answered: number; lost: number };
  readonly connections: { opened: number; idleCloses: number; announcedCloses: number };
  mark(label: string, at?: number): void;
  answered(due: number, sent: number, at: number, by: Identity): void;
  lost(loss: { kind: string; method: string; detail: string; sent: number }): void;
  report(): LoadReport;
}

interface Mark {
  readonly label: string;
  readonly at: number;
}

export function createLoadLog(): LoadLog {
  const marks: Mark[] = [{ label: 'start', at: monotonic() }];
  const rows = createRows();
  const identities: Identity[] = [];
  const losses: (Loss & { sent: number })[] = [];
  const kinds: Record<string, number> = {};
  const counts = { sent: 0, answered: 0, lost: 0 };
  const connections = { opened: 0, idleCloses: 0, announcedCloses: 0 };
  const lostAt = createRows();
  const cpu = process.cpuUsage();

  return {
    counts,
    connections,
    mark: (label, at = monotonic()) => {
      marks.push({ label, at });
      marks.sort((a, b) => a.at - b.at);
    },
    answered: (due, sent, at, by) => {
      counts.answered += 1;
      rows.add(sent, at, at - due, indexOf(identities, by));
    },
    lost: ({ kind, method, detail, sent }) => {
      counts.lost += 1;
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      lostAt.add(sent, 0, 0, 0);
      if (losses.length < 1000) losses.push({ kind, method, detail, at: 0, mark: '', sent });
    },
    report: () => {
      const segments = marks.map((mark, i) => segment(mark, marks[i + 1]?.at ?? Infinity, i === 0, rows, lostAt, identities));
      return {
        ...counts,
        losses: losses.map(({ sent, ...loss }) => ({ ...loss, ...place(marks, sent) })),
        lossKinds: kinds,
        byRelease: total(segments.map((s) => s.byRelease)),
        bySlot: total(segments.map((s) => s.bySlot)),
        latency: summarize(rows.latencies(() => true)),
        segments,
        connections,
        seconds: (monotonic() - (marks[0]?.at ?? 0)) / 1000,
        cpu: cpuSeconds(cpu),
      };
    },
  };
}

interface Rows {
  add(sent: number, at: number, latency: number, who: number): void;
  each(visit: (sent: number, at: number, who: number) => void): void;
  latencies(wanted: (sent: number) => boolean): Float64Array;
}

const width = 4;

/** Rows of four numbers in one growing block: cheaper than an object for each of a million requests. */
function createRows(): Rows {
  let block = new Float64Array(4096 * width);
  let used = 0;
  const cell = (i: number): number => block[i] ?? 0;
  return {
    add: (sent, at, latency, who) => {
      if (used === block.length) {
        const bigger = new Float64Array(block.length * 2);
        bigger.set(block);
        block = bigger;
      }
      block[used] = sent;
      block[used + 1] = at;
      block[used + 2] = latency;
      block[used + 3] = who;
      used += width;
    },
    each: (visit) => {
      for (let i = 0; i < used; i += width) visit(cell(i), cell(i + 1), cell(i + 3));
    },
    latencies: (wanted) => {
      const found: number[] = [];
      for (let i = 0; i < used; i += width) if (wanted(cell(i))) found.push(cell(i + 2));
      return Float64Array.from(found);
    },
  };
}

function indexOf(identities: Identity[], by: Identity): number {
  const known = identities.findIndex((one) => one.release === by.release && one.slot === by.slot);
  return known >= 0 ? known : identities.push(by) - 1;
}

function segment({ label, at }: Mark, end: number, first: boolean, rows: Rows, lostAt: Rows, who: Identity[]): Segment {
  const inside = (sent: number): boolean => (first || sent >= at) && sent < end;
  const byRelease: Record<string, Seen> = {};
  const bySlot: Record<string, Seen> = {};
  let answered = 0;
  let lost = 0;
  rows.each((sent, answer, index) => {
    const by = who[index];
    if (!by || !inside(sent)) return;
    answered += 1;
    see(byRelease, by.release, sent - at, answer - at);
    see(bySlot, by.slot, sent - at, answer - at);
  });
  lostAt.each((sent) => {
    if (inside(sent)) lost += 1;
  });
  const latency: Latency = summarize(rows.latencies(inside));
  return { label, at, answered, lost, latency, byRelease, bySlot };
}

function see(seen: Record<string, Seen>, key: string, sent: number, answer: number): void {
  const one = (seen[key] ??= { count: 0, firstAnswer: answer, lastAnswer: answer, lastSent: sent });
  one.count += 1;
  one.firstAnswer = Math.min(one.firstAnswer, answer);
  one.lastAnswer = Math.max(one.lastAnswer, answer);
  one.lastSent = Math.max(one.lastSent, sent);
}

function place(marks: readonly Mark[], sent: number): { at: number; mark: string } {
  const mark = marks.findLast((one) => one.at <= sent) ?? marks[0];
  return { at: sent - (mark?.at ?? 0), mark: mark?.label ?? '' };
}

function total(seen: readonly Readonly<Record<string, Seen>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const one of seen) for (const [key, { count }] of Object.entries(one)) sums[key] = (sums[key] ?? 0) + count;
  return sums;
}

function cpuSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}
