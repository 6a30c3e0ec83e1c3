import type { Proof } from '../../core/prove.ts';
import { humanDuration } from '../../lib/duration.ts';
import type { Paint } from './paint.ts';

/** What the strict client saw, in two lines: the counts, and who answered when. */
export function proofText({ sent, lost, median, p99, longest, answers, losses }: Proof, paint: Paint): string {
  const verdict = lost === 0 ? paint.green('0 lost') : paint.red(`${lost} lost`);
  const who = answers.map(
    ({ slot, release, count, first, last }) =>
      `release ${release ?? '?'} in ${slot} ${count}× from ${humanDuration(first)} to ${humanDuration(last)}`,
  );
  const first = losses[0] ? [`   first lost at ${humanDuration(losses[0].at)}: ${losses[0].detail}`] : [];
  const times = `median ${median.toFixed(1)} ms, 99 % in ${p99.toFixed(1)} ms, longest ${longest.toFixed(1)} ms`;
  return [
    `   proof     ${sent.toLocaleString('en')} requests, ${verdict}; ${times}`,
    `             ${who.join('; ')}`,
    ...first,
  ].join('\n');
}
