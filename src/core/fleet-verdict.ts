import { exitCodes, Failure } from './failure.ts';
import type { ServerResult } from './fleet.ts';

/** One failure for all servers: which failed, what became of the others, and that no mix of releases goes unsaid. */
export function verdictOf(results: readonly ServerResult[], interrupted: Failure | undefined): Failure {
  const failed = results.filter(({ failure }) => failure);
  const [first] = failed;
  const stuck = results.some(({ outcome }) => outcome === 'stuck');
  const mixed = new Set(results.map(({ release }) => release)).size > 1;
  const base = first?.failure ?? interrupted;
  return new Failure(
    {
      code: base?.fields.code ?? 'INTERRUPTED',
      exit: stuck ? exitCodes.needsPerson : (interrupted?.exit ?? exitCodes.safe),
      what: first
        ? `${failed.map(({ name }) => name).join(', ')}: ${first.failure?.fields.what ?? ''}`
        : (interrupted?.fields.what ?? ''),
      why: failed
        .map(({ name, failure }) => `${name}: ${failure?.fields.why ?? failure?.fields.what ?? ''}`)
        .join('\n'),
      traffic: `${mixed ? 'the servers differ: ' : ''}${results.map(placeOf).join(', ')}`,
      left: leftText(results),
      fix: stuck
        ? '`cutover status` shows each; `cutover recover --only NAME` puts one right'
        : (first?.failure?.fields.fix ?? 'deploy again'),
    },
    base?.cause,
  );
}

function placeOf({ name, release, outcome }: ServerResult): string {
  const none = outcome === 'stuck' ? 'not known' : 'no release';
  return `${name} ${release === undefined ? none : `release ${release}`}`;
}

function leftText(results: readonly ServerResult[]): string {
  const named = (outcome: ServerResult['outcome']) =>
    results.filter((result) => result.outcome === outcome).map(({ name }) => name);
  const words = [
    [named('back'), 'back on what it was'],
    [named('done'), 'on the new release'],
    [named('stuck'), 'to be looked at'],
    [named('untouched'), 'not touched'],
  ] as const;
  return words.flatMap(([names, text]) => (names.length > 0 ? [`${text}: ${names.join(', ')}`] : [])).join('; ');
}
