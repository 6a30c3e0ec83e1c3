import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { historyOf } from '../../src/core/history.ts';
import { deploymentsOf, recordedLive, unfinishedOf, type JournalEntry } from '../../src/core/journal.ts';
import { parseLines } from '../../src/lib/json-lines.ts';

const begin = {
  kind: 'begin',
  deployment: '1',
  command: 'deploy',
  at: 1,
  by: 'me@here',
  before: { blue: 100, green: 0 },
  plan: [{ do: 'prune' }],
};
const entries = [
  begin,
  { kind: 'step', deployment: '1', at: 2, index: 0 },
  { kind: 'done', deployment: '1', at: 3, index: 0, took: 1 },
  { kind: 'abort', deployment: '1', at: 4, code: 'X', what: 'x' },
  { kind: 'end', deployment: '1', at: 5, outcome: 'put-back', live: 'blue', release: '7' },
];

const damaged = fc
  .constantFrom(...entries)
  .chain((entry) =>
    fc.tuple(fc.constantFrom(...Object.keys(entry)), fc.anything()).map(([key, value]) => ({ ...entry, [key]: value })),
  );
const line = fc.oneof(fc.constantFrom(...entries), damaged, fc.jsonValue(), fc.anything());

it('whatever stands in the journal, reading it does not throw', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const deployments = deploymentsOf(lines as JournalEntry[]);
      unfinishedOf(deployments);
      recordedLive(deployments);
      historyOf(deployments);
    }),
    { numRuns: 3000 },
  );
  expect(deploymentsOf(entries as JournalEntry[])).toHaveLength(1);
});

it('a damaged line takes nothing from the lines around it', () => {
  const [whole] = deploymentsOf(entries as JournalEntry[]);
  fc.assert(
    fc.property(
      fc.nat({ max: entries.length }),
      fc.oneof(fc.jsonValue(), fc.constant({ kind: 'end' })),
      (at, strange) => {
        const lines = entries.toSpliced(at, 0, strange as (typeof entries)[0]);
        expect(deploymentsOf(lines as JournalEntry[])[0]).toEqual(whole);
      },
    ),
  );
});

it('whatever bytes a power failure leaves, the lines before and after them are read', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (garbage) => {
      const text = `\n{"kind":"a"}\n\n${garbage}\n{"kind":"b"}\n`;
      const read = parseLines<{ kind?: string }>(text);
      expect(read[0]).toEqual({ kind: 'a' });
      expect(read.at(-1)).toEqual({ kind: 'b' });
    }),
  );
});
