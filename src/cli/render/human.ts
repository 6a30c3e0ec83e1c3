import type { Counts } from '../../core/evidence.ts';
import { openText } from '../../core/drain.ts';
import type { ReporterEvent } from '../../core/events.ts';
import { humanBytes, humanDuration } from '../../lib/duration.ts';
import type { Reporter } from '../../ports.ts';
import { paintFor, type Paint } from './paint.ts';
import { proofText } from './proof.ts';
import { stepIntent, stepName } from './step.ts';

const nameWidth = 9;
const detailWidth = 66;

/** Steps as they run, each with its own time. On a terminal the running one is shown too. */
export function humanReporter(stream: NodeJS.WriteStream, app: string, server?: string): Reporter {
  const paint = paintFor(stream);
  const live = paint.live && server === undefined;
  const mark = server === undefined ? '' : `${paint.bold(server)} `;
  const say = (text: string) => void stream.write(`${live ? '\r\u001B[K' : ''}${mark}${text}\n`);
  return (event) => {
    const running = live ? runningText(event) : undefined;
    if (running !== undefined) stream.write(`\r\u001B[K ${paint.blue('▸')} ${running}`);
    const text = eventText(event, app, paint);
    if (text !== undefined) say(text);
  };
}

/** Of the step that is under way; the next one of these takes its place. */
function runningText(event: ReporterEvent): string | undefined {
  switch (event.type) {
    case 'step':
      return line(stepName(event.step), stepIntent(event.step));
    case 'progress':
      return progress(event);
    case 'watch':
      return line('watch', watching(event));
    case 'drain':
      return line('drain', draining(event));
    default:
      return undefined;
  }
}

function eventText(event: ReporterEvent, app: string, paint: Paint): string | undefined {
  switch (event.type) {
    case 'begin':
      return `${paint.bold(app)} ${event.command}  ${paint.dim(`at most ${humanDuration(event.deadline)}`)}`;
    case 'done':
      return ` ${paint.green('✓')} ${line(stepName(event.step), event.detail ?? stepIntent(event.step))} ${time(event.took, paint)}`;
    case 'failed':
      return ` ${paint.red('✗')} ${line(stepName(event.step), event.failure.what)} ${time(event.took, paint)}`;
    case 'abort':
      return event.plan.length > 0 ? paint.yellow(`   going back: ${event.why}`) : undefined;
    case 'note':
      return paint.dim(`   ${event.text}`);
    case 'proof':
      return proofText(event, paint);
    case 'warning':
      return paint.yellow(` ! ${event.text}`);
    case 'step':
    case 'progress':
    case 'watch':
    case 'drain':
    case 'end':
      return undefined;
  }
}

const barWidth = 30;

function progress({ sent, total }: Extract<ReporterEvent, { type: 'progress' }>): string {
  const filled = total > 0 ? Math.round((sent / total) * barWidth) : barWidth;
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  return line('stage', `${bar} ${humanBytes(sent)} of ${humanBytes(total)}`);
}

function watching({ percent, left, paused, seen }: Extract<ReporterEvent, { type: 'watch' }>): string {
  const of = ({ requests, bad }: Counts) => `${bad} of ${requests} bad`;
  const rest = paused ? 'paused: `cutover promote` or `abort`' : `${humanDuration(left)} left`;
  return `${percent} %: new ${of(seen.fresh)}, old ${of(seen.old)}; ${rest}`;
}

function draining({ slot, left, seen }: Extract<ReporterEvent, { type: 'drain' }>): string {
  return `${openText(seen)} open to ${slot}; ${humanDuration(left)} left`;
}

function line(name: string, words: string): string {
  return `${name.padEnd(nameWidth)} ${words.padEnd(detailWidth)}`;
}

function time(took: number, paint: Paint): string {
  return paint.dim(humanDuration(took).padStart(8));
}
