import type { Delay } from './watch-figures.ts';

const [width, height] = [840, 490];
const plot = { left: 90, right: 710, top: 64, bottom: 400 };
/** Ends of the axes: shares of errors and seconds. */
const [fewest, all] = [0.005, 1];
const [shortest, longest] = [0.1, 300];
const shareTicks = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
const timeTicks = [0.1, 0.3, 1, 3, 10, 30, 60, 300];
/** Pixels between two labels, at least. */
const lineHeight = 17;

const style = `
.page { fill: #ffffff } .frame { stroke: #c4cad1; fill: none } .grid { stroke: #e6e9ed }
.zone { fill: #f1f3f5 } text { font: 13px system-ui, sans-serif; fill: #3b424a }
.title { font-size: 16px; font-weight: 600; fill: #1c2128 } .small { font-size: 12px; fill: #66707b }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round } .high { stroke-width: 1.5; stroke-dasharray: 4 4 }
.s0 { stroke: #c2334d } .s1 { stroke: #b86e00 } .s2 { stroke: #1f8a4c } .s3 { stroke: #2563c9 }
text.s0, text.s1, text.s2, text.s3 { stroke: none; font-weight: 600 }
text.s0 { fill: #c2334d } text.s1 { fill: #b86e00 } text.s2 { fill: #1f8a4c } text.s3 { fill: #2563c9 }
.dot { stroke: none } .dot.s0 { fill: #c2334d } .dot.s1 { fill: #b86e00 } .dot.s2 { fill: #1f8a4c } .dot.s3 { fill: #2563c9 }
.key { stroke: #66707b; stroke-width: 2.5 } .key.high { stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117 } .frame { stroke: #444c56 } .grid { stroke: #22272e } .zone { fill: #171c23 }
text { fill: #c3cbd4 } .title { fill: #eef2f6 } .small { fill: #8d97a2 } .key { stroke: #8d97a2 }
.s0 { stroke: #ff7b8e } .s1 { stroke: #f0a63a } .s2 { stroke: #56d38a } .s3 { stroke: #6ea8ff }
text.s0, .dot.s0 { fill: #ff7b8e } text.s1, .dot.s1 { fill: #f0a63a } text.s2, .dot.s2 { fill: #56d38a } text.s3, .dot.s3 { fill: #6ea8ff }
}`;

/** The delays of one share of the traffic, a line for each amount of it. */
export function picture(title: string, note: string, tolerated: number, delays: readonly Delay[]): string {
  const traffics = [...new Set(delays.map(({ traffic }) => traffic))];
  const series = traffics.map((traffic) => delays.filter((one) => one.traffic === traffic && one.errors > tolerated));
  const lines = series.flatMap((points, at) => [
    polyline(points, 'high', `line high s${at}`),
    polyline(points, 'median', `line s${at}`),
    ...points.filter(shown('median')).map((one) => dot(one, at)),
  ]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}">`,
    `<title>${title}</title>`,
    `<style>${style}\n</style>`,
    `<rect class="page" width="${width}" height="${height}" rx="6"/>`,
    text(plot.left, 28, title, 'title'),
    text(plot.left, 48, note, 'small'),
    ...zone(tolerated),
    ...axes(),
    ...lines,
    ...labels(series),
    ...key(),
    '</svg>\n',
  ].join('\n');
}

function axes(): string[] {
  const { left, right, top, bottom } = plot;
  const upright = shareTicks.flatMap((share) => [
    `<line class="grid" x1="${x(share)}" y1="${top}" x2="${x(share)}" y2="${bottom}"/>`,
    text(x(share), bottom + 20, `${share * 100} %`, '', 'middle'),
  ]);
  const level = timeTicks.flatMap((time) => [
    `<line class="grid" x1="${left}" y1="${y(time)}" x2="${right}" y2="${y(time)}"/>`,
    text(left - 8, y(time) + 4, time >= 60 ? `${time / 60} min` : `${time} s`, '', 'end'),
  ]);
  return [
    ...upright,
    ...level,
    `<rect class="frame" x="${left}" y="${top}" width="${right - left}" height="${bottom - top}"/>`,
    text((left + right) / 2, bottom + 44, 'answers of the new release that are errors', '', 'middle'),
    `<g transform="translate(22 ${(top + bottom) / 2}) rotate(-90)">${text(0, 0, 'time until it is taken back', '', 'middle')}</g>`,
  ];
}

function zone(tolerated: number): string[] {
  const end = x(tolerated);
  return [
    `<rect class="zone" x="${plot.left}" y="${plot.top}" width="${round(end - plot.left)}" height="${plot.bottom - plot.top}"/>`,
    text((plot.left + end) / 2, plot.bottom - 14, 'tolerated', 'small', 'middle'),
  ];
}

/** At the end of each line, from the bottom up, none over another. */
function labels(series: readonly (readonly Delay[])[]): string[] {
  let last = plot.bottom + lineHeight;
  const ends = series.map((points, at) => ({ at, point: points.findLast(shown('median')) }));
  return ends
    .flatMap(({ at, point }) => (point ? [{ at, traffic: point.traffic, end: y(point.median) }] : []))
    .toSorted((a, b) => b.end - a.end || b.at - a.at)
    .map(({ at, traffic, end }) => {
      last = Math.min(end + 4, last - lineHeight);
      const plural = traffic === 1 ? '' : 's';
      return text(plot.right + 12, last, `${traffic.toLocaleString('en')} request${plural}/s`, `s${at}`);
    });
}

function key(): string[] {
  const at = height - 16;
  const line = (from: number, name: string) =>
    `<line class="key ${name}" x1="${from}" y1="${at - 4}" x2="${from + 28}" y2="${at - 4}"/>`;
  return [
    line(plot.left + 150, ''),
    text(plot.left + 184, at, 'half of the times are shorter', 'small'),
    line(plot.left + 370, 'high'),
    text(plot.left + 404, at, '95 % of the times are shorter', 'small'),
  ];
}

const shown = (which: 'median' | 'high') => (one: Delay) => one[which] <= longest;

function polyline(points: readonly Delay[], which: 'median' | 'high', name: string): string {
  const path = points.filter(shown(which)).map((one) => `${x(one.errors)},${y(one[which])}`);
  return `<polyline class="${name}" points="${path.join(' ')}"/>`;
}

function dot({ errors, median }: Delay, at: number): string {
  return `<circle class="dot s${at}" cx="${x(errors)}" cy="${y(median)}" r="3.5"/>`;
}

function x(share: number): number {
  return round(plot.left + ((plot.right - plot.left) * Math.log(share / fewest)) / Math.log(all / fewest));
}

function y(time: number): number {
  return round(plot.bottom - ((plot.bottom - plot.top) * Math.log(time / shortest)) / Math.log(longest / shortest));
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

function text(left: number, base: number, words: string, name: string, anchor = 'start'): string {
  const called = name === '' ? '' : ` class="${name}"`;
  return `<text x="${round(left)}" y="${round(base)}"${called} text-anchor="${anchor}">${words}</text>`;
}
