import { asFailure, type Failure } from '../core/failure.ts';
import type { FleetResult, ServerResult } from '../core/fleet.ts';
import { humanDuration } from '../lib/duration.ts';
import type { MainOptions } from './main-options.ts';

const signs: Readonly<Record<ServerResult['outcome'], string>> = {
  done: '✅ done',
  failed: '❌ failed, put back',
  back: '↩️ went back',
  stuck: '🛑 needs a person',
  untouched: '· not touched',
};

/** How a deployment ended, on each of its servers. */
export interface Summary extends FleetResult {
  app: string;
}

/** Adds what happened to the file that was asked for, as Markdown: the page of a CI job shows it. Then fails, if it failed. */
export async function summarized({ summary }: MainOptions, work: () => Promise<Summary>): Promise<void> {
  const end = await work().catch((error: unknown) => notBegun(asFailure(error)));
  if (summary !== undefined) {
    const { appendFile } = await import('node:fs/promises');
    await appendFile(summary, summaryText(end.app, end));
  }
  if (end.failure) throw end.failure;
}

function notBegun(failure: Failure): Summary {
  return { app: 'cutover', results: [], failure };
}

export function summaryText(app: string, { results, failure }: FleetResult): string {
  const head = failure ? `❌ ${app}: ${failure.fields.what}` : `✅ ${app} is deployed`;
  const rows = results.map(({ name, outcome, release, finished }) => {
    const { begin, end } = finished ?? {};
    const took = begin && end ? humanDuration(end.at - begin.at) : '';
    return [name, signs[outcome], release ?? '', took, end?.requests ?? '', end?.lost ?? ''].map(cell);
  });
  const table = rows.length > 0 ? [columns, dashes, ...rows] : [];
  return [
    `### ${cell(head)}`,
    '',
    ...table.map((row) => `| ${row.join(' | ')} |`),
    '',
    ...failureLines(failure),
    '',
  ].join('\n');
}

const columns = ['server', 'outcome', 'release', 'took', 'requests meanwhile', 'lost'];
const dashes = ['---', '---', '---', '---:', '---:', '---:'];

function failureLines(failure: Failure | undefined): readonly string[] {
  if (!failure) return [];
  const { code, why, traffic, left, fix } = failure.fields;
  const told = Object.entries({ code, why, traffic, left, fix }).filter(([, words]) => words);
  return [
    '```',
    ...told.map(([name, words]) => `${name.padEnd(8)} ${words?.replaceAll('\n', '\n         ') ?? ''}`),
    '```',
  ];
}

function cell(value: string | number): string {
  return String(value).replaceAll('|', '\\|').replaceAll('\n', ' ');
}
