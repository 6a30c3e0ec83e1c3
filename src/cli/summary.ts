import { appendFile } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import { Failure } from '../core/failure.ts';
import type { Finished } from '../core/execute.ts';
import type { FleetResult, ServerResult } from '../core/fleet.ts';
import { humanDuration } from '../lib/duration.ts';

const signs: Readonly<Record<ServerResult['outcome'], string>> = {
  done: '✅ done',
  failed: '❌ failed, put back',
  back: '↩️ went back',
  stuck: '🛑 needs a person',
  untouched: '· not touched',
};

/** Adds what happened to a file, as Markdown: the page of a CI job shows it. */
export async function writeSummary(file: string, app: string, { results, failure }: FleetResult): Promise<void> {
  await appendFile(file, summaryText(app, { results, failure }));
}

export function summaryText(app: string, { results, failure }: FleetResult): string {
  const head = failure ? `❌ ${app}: ${failure.fields.what}` : `✅ ${app} is deployed`;
  const rows = results.map(({ name, outcome, release, finished }) => {
    const { begin, end } = finished ?? {};
    const took = begin && end ? humanDuration(end.at - begin.at) : '';
    return [name, signs[outcome], release ?? '', took, end?.requests ?? '', end?.lost ?? ''].map(cell);
  });
  const table = [['server', 'outcome', 'release', 'took', 'requests meanwhile', 'lost'], dashes, ...rows];
  return [
    `### ${cell(head)}`,
    '',
    ...table.map((row) => `| ${row.join(' | ')} |`),
    '',
    ...failureLines(failure),
    '',
  ].join('\n');
}

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

export function singleResult({ server }: Config, end: Finished | Failure): FleetResult {
  const name = server?.name ?? 'this machine';
  if (!(end instanceof Failure))
    return {
      results: [{ name, outcome: 'done', release: end.end.release, finished: end, failure: undefined }],
      failure: undefined,
    };
  const outcome = end.exit === 6 ? 'stuck' : 'failed';
  return { results: [{ name, outcome, release: undefined, finished: undefined, failure: end }], failure: end };
}
