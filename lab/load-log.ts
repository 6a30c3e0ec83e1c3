import { monotonic } from './clock.ts';
import { type Identity, type LoadReport, type Loss, type Seen, type Segment, summarize } from './load-report.ts';
import { createRows, type Rows } from './load-rows.ts';

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
  const book: Book = {
    marks: [{ label: 'start', at: monotonic() }],
    answers: createRows(),
    failures: createRows(),
    identities: [],
    losses: [],
    kinds: {},
    counts: { sent: 0, answered: 0, lost: 0 },
    connections: { opened: 0, idleCloses: 0, announcedCloses: 0 },
    cpu: process.cpuUsage(),
  };
  return {
    counts: book.counts,
    connections: book.connections,
    mark: (label, at = monotonic()) => {
      book.marks.push({ label, at });
      book.marks.sort((a, b) => a.at - b.at);
    },
    answered: (due, sent, at, by) => {
      book.counts.answered += 1;
      book.answers.add(sent, at, at - due, indexOf(book.identities, by));
    },
    lost: (loss) => noteLoss(book, loss),
    report: () => reportOf(book),
  };
}

type Lost = Parameters<LoadLog['lost']>[0];

interface Mark {
  readonly label: string;
  readonly at: number;
}

interface Book {
  readonly marks: Mark[];
  readonly answers: Rows;
  readonly failures: Rows;
  readonly identities: Identity[];
  readonly losses: Lost[];
  readonly kinds: Record<string, number>;
  readonly counts: LoadLog['counts'];
  readonly connections: LoadLog['connections'];
  readonly cpu: NodeJS.CpuUsage;
}

function noteLoss(book: Book, loss: Lost): void {
  book.counts.lost += 1;
  book.kinds[loss.kind] = (book.kinds[loss.kind] ?? 0) + 1;
  book.failures.add(loss.sent, 0, 0, 0);
  if (book.losses.length < 1000) book.losses.push(loss);
}

function reportOf(book: Book): LoadReport {
  const { marks, counts, losses, answers, connections } = book;
  const segments = marks.map((mark, i) =>
    segmentOf(book, mark, i === 0 ? -Infinity : mark.at, marks[i + 1]?.at ?? Infinity),
  );
  return {
    ...counts,
    losses: losses.map(({ sent, ...loss }): Loss => ({ ...loss, ...place(marks, sent) })),
    lossKinds: book.kinds,
    byRelease: total(segments.map((one) => one.byRelease)),
    bySlot: total(segments.map((one) => one.bySlot)),
    latency: summarize(answers.latencies(-Infinity, Infinity)),
    segments,
    connections,
    seconds: (monotonic() - (marks[0]?.at ?? 0)) / 1000,
    cpu: cpuSeconds(book.cpu),
  };
}

function segmentOf({ answers, failures, identities }: Book, { label, at }: Mark, from: number, to: number): Segment {
  const byRelease: Record<string, Seen> = {};
  const bySlot: Record<string, Seen> = {};
  let answered = 0;
  let lost = 0;
  answers.each(from, to, (sent, answer, index) => {
    answered += 1;
    see(byRelease, identities[index]?.release ?? '?', sent - at, answer - at);
    see(bySlot, identities[index]?.slot ?? '?', sent - at, answer - at);
  });
  failures.each(from, to, () => (lost += 1));
  return { label, at, answered, lost, latency: summarize(answers.latencies(from, to)), byRelease, bySlot };
}

function indexOf(identities: Identity[], by: Identity): number {
  const known = identities.findIndex((one) => one.release === by.release && one.slot === by.slot);
  return known >= 0 ? known : identities.push(by) - 1;
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
