import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { startLoadProcess } from '../../lab/load-process.ts';
import { createStand, mustBeDone } from '../../test/support/stand.ts';

/*
 * A canary that is taken back, drawn from a real run: `node lab/run.mjs docs/images/canary.ts`. The new release
 * answers 8 % of its requests with 500; 150 requests a second, a third of them POST.
 */

interface Point {
  /** Seconds since the first stage. */
  readonly at: number;
  /** Percent of the traffic on the new release. */
  readonly percent: number;
  /** Percent of its answers so far that were 5xx. */
  readonly bad: number;
}

const config = (fail: string) => `health: { path: /health }
shift: { stages: [5, 25, 50, 100], for: 6s }
watch: { for: 5s, requests: 0, slower: 0 }
${fail}`;

const stand = await createStand({ config: config('') });
try {
  for (let times = 0; times < 2; times += 1) mustBeDone(await stand.cutover('deploy'));
  const load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 20, rate: 150, posts: 0.33 });
  stand.configure(config("env: { FAIL: 'errors:8' }"));
  const points = await canary();
  await load.stop();
  writeFileSync(new URL('canary.svg', import.meta.url), picture(points));
} finally {
  await stand.stop();
}

async function canary(): Promise<readonly Point[]> {
  const points: Point[] = [];
  const child = stand.start('deploy', '--json');
  let [began, percent, bad] = [0, 0, 0];
  const add = () => points.push({ at: (performance.now() - began) / 1000, percent, bad });
  for await (const line of createInterface({ input: child.stdout ?? process.stdin })) {
    const event = JSON.parse(line) as Event;
    if (event.type === 'watch') {
      began ||= performance.now();
      percent = event.percent;
      bad = event.seen.fresh.requests === 0 ? 0 : (event.seen.fresh.bad / event.seen.fresh.requests) * 100;
      add();
    } else if (event.type === 'abort') {
      add();
      percent = 0;
      add();
    }
  }
  const end = points.at(-1)?.at ?? 0;
  return [...points, { at: end + 4, percent, bad }];
}

type Event = { type: 'watch'; percent: number; seen: { fresh: { requests: number; bad: number } } } | { type: 'abort' };

function picture(points: readonly Point[]): string {
  const [width, height, left, bottom] = [720, 300, 56, 252];
  const last = points.at(-1)?.at ?? 1;
  const x = (at: number) => left + (at / last) * (width - left - 24);
  const y = (percent: number) => bottom - (percent / 60) * (bottom - 40);
  const stepsOf = (value: (point: Point) => number) =>
    points
      .map((point, index) => {
        const before = points[index - 1];
        const level = before
          ? `H${x(point.at).toFixed(1)}`
          : `M${x(point.at).toFixed(1)} ${y(value(point)).toFixed(1)}`;
        return `${level} V${y(value(point)).toFixed(1)}`;
      })
      .join(' ');
  const grid = [0, 10, 20, 30, 40, 50, 60].map(
    (percent) =>
      `<line class="grid" x1="${left}" x2="${width - 24}" y1="${y(percent)}" y2="${y(percent)}"/><text x="${left - 8}" y="${y(percent) + 4}" text-anchor="end">${percent} %</text>`,
  );
  const seconds = Array.from({ length: Math.floor(last / 5) + 1 }, (_, index) => index * 5).map(
    (at) => `<text x="${x(at)}" y="${bottom + 20}" text-anchor="middle">${at} s</text>`,
  );
  const back = points.findLast(({ percent }) => percent > 0)?.at ?? 0;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="A canary that is taken back">
<style>text{font:13px system-ui,sans-serif;fill:#57606a}.grid{stroke:#8884;stroke-width:1}path{fill:none;stroke-width:2.5;stroke-linejoin:round}.share{stroke:#2f81f7}.bad{stroke:#e5534b}.s{fill:#2f81f7}.b{fill:#e5534b}@media(prefers-color-scheme:dark){text{fill:#adbac7}}</style>
<text class="s" x="${left}" y="22">traffic on the new release</text><text class="b" x="${left + 210}" y="22">5xx among its answers</text>
${grid.join('\n')}
${seconds.join('\n')}
<path class="share" d="${stepsOf(({ percent }) => percent)}"/>
<path class="bad" d="${stepsOf(({ bad }) => bad)}"/>
<text x="${x(back) + 6}" y="${y(55)}">taken back</text>
</svg>
`;
}
