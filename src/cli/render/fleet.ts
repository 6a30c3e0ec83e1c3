import type { FleetEvent, ServerResult } from '../../core/fleet.ts';
import { humanDuration } from '../../lib/duration.ts';
import type { Paint } from './paint.ts';
import { table } from './table.ts';

/** What became of each server of a deployment, a line each. */
export function fleetText(results: readonly ServerResult[], paint: Paint): string {
  const rows = results.map(({ name, outcome, release, finished, failure }) => {
    const { begin, end } = finished ?? {};
    return [
      name,
      coloured(outcome, paint),
      release ?? '-',
      begin && end ? humanDuration(end.at - begin.at) : '-',
      end?.requests === undefined ? '-' : String(end.requests),
      end?.lost === undefined ? '-' : String(end.lost),
      failure?.fields.what ?? '',
    ];
  });
  return `\n${table(['server', 'outcome', 'release', 'took', 'requests', 'lost', ''], rows, paint)}\n`;
}

function coloured(outcome: ServerResult['outcome'], paint: Paint): string {
  const colours = {
    done: paint.green,
    failed: paint.red,
    back: paint.yellow,
    stuck: paint.red,
    untouched: paint.dim,
  };
  return colours[outcome](outcome);
}

export function fleetEventText(event: FleetEvent, paint: Paint): string {
  switch (event.type) {
    case 'wave':
      return `${paint.bold(`wave ${event.number} of ${event.of}`)}  ${event.servers.join(', ')}\n`;
    case 'watch':
      return paint.dim(`   watching ${event.servers.join(', ')} for ${humanDuration(event.time)}\n`);
    case 'back':
      return paint.yellow(`   going back on ${event.servers.join(', ')}: ${event.why}\n`);
    case 'trouble':
      return paint.yellow(` ! ${event.server}: ${event.text}\n`);
  }
}
