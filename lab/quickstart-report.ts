import { relative } from 'node:path';
import { table } from '../src/cli/render/table.ts';
import { cacheDir } from './paths.ts';
import { paint, say, title } from './quickstart-say.ts';
import { switchOf } from './quickstart-traffic.ts';
import type { LoadReport, Segment } from './strict-client.ts';
import type { WebSocketReport } from './websocket-client.ts';

export interface Report {
  /** Prints it; answers the exit code. */
  print(took: number): number;
}

export function createReport(load: LoadReport, sockets: WebSocketReport, human: (ms: number) => string): Report {
  const silent = sockets.unanswered + sockets.cuts.length;
  return {
    print(took) {
      title('What the client saw');
      say(
        table(['  meanwhile', 'requests', 'lost', 'first answer of the new', 'requests to the old'], rows(load), paint),
      );
      say('\n  The last two columns look at requests sent after the switch, which is one rename.\n');
      say(
        `  WebSockets  ${sockets.connections - sockets.cuts.length} of ${sockets.connections} stayed open through a deploy and a rollback,`,
      );
      say(`              ${number(sockets.echoed)} of ${number(sockets.sent)} messages came back`);
      for (const { method, kind, detail, mark } of load.losses.slice(0, 10))
        say(paint.red(`  ${method} ${kind}: ${detail} (${mark})`));
      const lost = load.lost + silent;
      const verdict = `lost: ${lost} of ${number(load.sent)} requests`;
      say(`\n  ${lost === 0 ? paint.green(paint.bold(verdict)) : paint.red(paint.bold(verdict))}\n`);
      say(`It took ${human(took)}. nginx and the sample are stopped and their folder is removed. What stays:`);
      say(`  ${relative(process.cwd(), cacheDir()) || '.'}/jars and ~/.m2, so that the next run builds nothing`);
      say('  the Debian packages that were missing, if any: nginx, default-jdk-headless, maven');
      say('\nNext: your own server, in docs/getting-started.md');
      return lost === 0 ? 0 : 1;
    },
  };
}

function rows({ segments }: LoadReport): readonly (readonly string[])[] {
  const phases = segments.filter(({ label }) => !['start', 'load'].includes(label) && !label.includes('|'));
  return phases.map((phase) => {
    const after = segments.find(({ label }) => label === switchOf(phase.label));
    const both = [phase, ...(after ? [after] : [])];
    const sent = sum(both, (one) => one.answered + one.lost);
    return [`  ${phase.label}`, number(sent), number(sum(both, ({ lost }) => lost)), ...switchTimes(after)];
  });
}

/** The release that answers last is the new one. */
function switchTimes(after: Segment | undefined): readonly [string, string] {
  if (!after) return ['no switch', ''];
  const seen = Object.values(after.byRelease).toSorted((a, b) => b.lastAnswer - a.lastAnswer);
  const [fresh, old] = seen;
  return [
    `after ${(fresh?.firstAnswer ?? 0).toFixed(1)} ms`,
    old ? `${old.count}, until ${old.lastSent.toFixed(1)} ms` : 'none',
  ];
}

function sum(segments: readonly Segment[], of: (segment: Segment) => number): number {
  return segments.reduce((total, segment) => total + of(segment), 0);
}

function number(value: number): string {
  return value.toLocaleString('en');
}
