import { binomial, seeded } from '../lab/draws.ts';
import { simulatedWatch, type Course } from '../lab/simulated-watch.ts';
import { parseConfig } from '../src/config/parse.ts';
import { comparisonWith, mostComparable } from '../src/core/comparison.ts';
import type { Tolerance } from '../src/core/evidence.ts';
import type { LoggedRequest } from '../src/ports.ts';

/* How long it takes to find a release that is worse, and how often one that is not is taken back. */

const { watch } = parseConfig('/srv/cutover.yaml', 'app: shop\nartifact: .\nrun: node server.js\n').progressive;
export const tolerance: Tolerance = { limit: watch.errors, factor: watch.factor };

/** Seconds after which a worse release counts as not found: five stages of a minute each. */
export const patience = 300;
/** Share of errors of the release before. */
export const before = 0.001;

export interface Delay {
  /** Requests a second of the new release, and its share of errors. */
  readonly traffic: number;
  readonly errors: number;
  /** Seconds; Infinity: not within `patience`. */
  readonly median: number;
  readonly high: number;
}

/** The delay for one share of the traffic, by the traffic that this is and by how bad the release is. */
export function delays(
  percent: number,
  traffics: readonly number[],
  shares: readonly number[],
  watches: number,
): Delay[] {
  return traffics.flatMap((traffic, row) =>
    shares.map((errors, column) => {
      const random = seeded(percent * 10_000 + row * 100 + column);
      const course: Course = { rate: (traffic * 100) / percent, percent, fresh: errors, old: before, tolerance };
      const found = Array.from(
        { length: watches },
        () => simulatedWatch(course, patience, random).found ?? Infinity,
      ).toSorted((a, b) => a - b);
      const below = (share: number) => found[Math.ceil(watches * share) - 1] ?? Infinity;
      return { traffic, errors, median: below(0.5), high: below(0.95) };
    }),
  );
}

/** A release that is not worse. */
export interface Good {
  readonly name: string;
  readonly course: Pick<Course, 'fresh' | 'old'>;
  /** It is worse than is tolerated when there is nothing to compare it with. */
  readonly besideOnly?: boolean;
}

const outage = (second: number) => (second > 20 && second <= 30 ? 0.5 : 0.002);
const swinging = (second: number) => 0.1 * (1 + Math.sin(second / 3));

const shortOutage = (otherwise: number) => (second: number) => (second > 5 && second <= 8 ? 0.3 : otherwise);

export const good: readonly Good[] = [
  ...[0.001, 0.01, 0.05, 0.2].map((share) => ({
    name: `both have ${share * 100} % of errors`,
    course: { fresh: share, old: share },
  })),
  { name: 'it has the 1 % that is tolerated, the old one none', course: { fresh: tolerance.limit, old: 0 } },
  {
    name: 'it has 3 %, the old one 2 %: the factor that is tolerated',
    course: { fresh: 0.02 * tolerance.factor, old: 0.02 },
    besideOnly: true,
  },
  { name: 'half of everything fails for 10 s', course: { fresh: outage, old: outage }, besideOnly: true },
  { name: 'the errors of both swing from 0 to 20 %', course: { fresh: swinging, old: swinging }, besideOnly: true },
  /** It keeps to the limit or to the old one at any moment, but not to the same of them all the time. */
  {
    name: '30 % of everything fails for 3 s, else it has 0.5 %, the old one none',
    course: { fresh: shortOutage(0.005), old: shortOutage(0) },
    besideOnly: true,
  },
];

export interface Alarms {
  readonly watches: number;
  readonly alarms: number;
  /** Watches whose score was 20 or more at some look: at most one in twenty. */
  readonly doubted: number;
}

const percents = [1, 5, 25, 50, 100];
const rates = [10, 50, 200];
const pastRequests = 5000;

/** Watches of a minute each, at every share of the traffic and every amount of it. */
export function alarmsOf({ course, besideOnly = false }: Good, seed: number, watchesEach: number): Alarms {
  const random = seeded(seed);
  const past = typeof course.old === 'number' ? course.old : 0;
  const scores = percents.flatMap((percent) =>
    rates.flatMap((rate) =>
      Array.from({ length: watchesEach }, () => {
        const own = { ...tolerance, limit: limitAfter(binomial(random, pastRequests, past)) };
        const share = besideOnly ? Math.min(percent, mostComparable) : percent;
        return simulatedWatch({ rate, percent: share, ...course, tolerance: own }, 60, random);
      }),
    ),
  );
  return {
    watches: scores.length,
    alarms: scores.filter(({ found }) => found !== undefined).length,
    doubted: scores.filter(({ highest }) => highest >= 20).length,
  };
}

const limits = new Map<number, number>();

/** What is tolerated after a past with so many errors. */
function limitAfter(bad: number): number {
  const known = limits.get(bad);
  if (known !== undefined) return known;
  const past = Array.from({ length: pastRequests }, (_, at): LoggedRequest => request(at < bad ? 500 : 200));
  const { limit } = comparisonWith(past, 'green', watch).kinds.reads;
  limits.set(bad, limit);
  return limit;
}

function request(status: number): LoggedRequest {
  return {
    method: 'GET',
    target: '/',
    host: 'shop.example.com',
    agent: '',
    status,
    slot: 'blue',
    passedOver: [],
    answered: true,
    time: 20,
  };
}
