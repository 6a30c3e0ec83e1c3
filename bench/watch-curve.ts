// node lab/run.mjs bench/watch-curve.ts simulates watches at the default settings: writes bench/watch-curve.md and
// docs/images/watch-delay.svg. Nothing is random in it but what a seed gives: the figures are the same each time.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lab/paths.ts';
import { table } from './table.ts';
import { alarmsOf, before, delays, good, patience, tolerance, type Alarms, type Delay } from './watch-figures.ts';
import { picture } from './watch-picture.ts';

const traffics = [1, 10, 100, 1000];
const tolerated = [0.005, 0.01];
const worse = [0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1];
const watchesEach = 160;
/** None of them is found: they cost the most time. */
const toleratedEach = 20;
const goodEach = 168;
/** Of the traffic. The picture shows the first one, at which most releases that are worse are found. */
const percents = [5, 50, 100];
const pictured = 5;

const alarmHead = ['a release that is not worse', 'watches', 'taken back', 'score of 20'];

const percentText = (share: number) => `${Number((share * 100).toFixed(2))} %`;

const measured = percents.map((percent) => ({
  percent,
  found: [...delays(percent, traffics, tolerated, toleratedEach), ...delays(percent, traffics, worse, watchesEach)],
}));
const alarms = good.map((one, at) => ({ name: one.name, ...alarmsOf(one, at + 1, goodEach) }));
const total = alarms.reduce<Alarms>(
  (sum, one) => ({
    watches: sum.watches + one.watches,
    alarms: sum.alarms + one.alarms,
    doubted: sum.doubted + one.doubted,
  }),
  { watches: 0, alarms: 0, doubted: 0 },
);
const report = reportText();
console.log(report);
writeFileSync(join(root, 'bench', 'watch-curve.md'), report);
draw();
if (total.alarms * 1000 >= total.watches) throw new Error(`${total.alarms} false alarms in ${total.watches} watches`);

function reportText(): string {
  return `# How soon a worse release is found

By \`node lab/run.mjs bench/watch-curve.ts\`: simulated watches at the default settings, a look every 100 ms, with seeds, so that the figures are the same each time. Requests come at random; the old release has ${percentText(before)} of errors. Up to ${percentText(tolerance.limit)} is never held against a release, nor are ${tolerance.factor} times the old one's.

Seconds from the first request to the verdict: median (95 % quantile) of ${watchesEach} watches, of ${toleratedEach} where it is tolerated. \`-\`: not within ${patience} s, five stages of a minute each. The front door's log and the way back come on top.
${measured.map(section).join('')}
## False alarms

${total.watches.toLocaleString('en')} watches of a minute each of a release that is not worse, at 1, 5, 25, 50 and 100 % of 10, 50 and 200 requests/s; where it can only be told beside the old one, at most 70 %. **${total.alarms} of them were taken back**${bound()}. The second number counts watches in which the score was 20 at some look, which promises less than one in twenty: it can be told from figures where an alarm cannot.

${table(alarmHead, [...alarms, { name: 'all', ...total }].map(alarmRow))}
`;
}

function section({ percent, found }: { percent: number; found: readonly Delay[] }): string {
  const head = ['errors', ...traffics.map((traffic) => `${traffic.toLocaleString('en')}/s`)];
  const rows = [...tolerated, ...worse].map((errors) => [
    percentText(errors),
    ...found.filter((one) => one.errors === errors).map(cell),
  ]);
  const of = percent === 100 ? 'all of the traffic' : `${percent} % of the traffic`;
  return `\n## With ${of}\n\nBy the requests a second that the new release gets.\n\n${table(head, rows)}\n`;
}

function cell({ median, high }: Delay): string {
  return `${seconds(median)} (${seconds(high)})`.replace('- (-)', '-');
}

function seconds(time: number): string {
  if (time > patience) return '-';
  return time >= 10 ? time.toFixed(0) : time.toFixed(1);
}

/** With none in n the true share is below 3/n, in 95 % of such simulations. */
function bound(): string {
  if (total.alarms > 0) return '';
  return `, so fewer than one in ${Math.floor(total.watches / 3).toLocaleString('en')} (95 % confidence)`;
}

function alarmRow({ name, watches, alarms: taken, doubted }: Alarms & { name: string }): string[] {
  return [name, watches.toLocaleString('en'), String(taken), doubted.toLocaleString('en')];
}

function draw(): void {
  const found = measured.find(({ percent }) => percent === pictured)?.found ?? [];
  const title = 'How soon a worse release is found';
  const note = `Simulated at the default settings, by the requests that it gets: ${pictured} % of all. The old one has ${percentText(before)} of errors.`;
  writeFileSync(join(root, 'docs', 'images', 'watch-delay.svg'), picture(title, note, tolerance.limit, found));
}
