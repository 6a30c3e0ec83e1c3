import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { environmentLine, shellQuote } from '../../src/lib/quote.ts';
import { readEnvironment } from '../support/systemd-environment.ts';

const special = fc.string({ unit: fc.constantFrom(...'\'"\\`$\n\r\t #;&|<>(){}*?[]!~=%-a1é\u2028') });
const text = fc.oneof(special, fc.string({ unit: 'binary' })).filter((value) => !value.includes('\0'));

it('a real shell reads back every quoted word', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (words) => {
      expect(shell(`printf '%s\\0' ${words.map(shellQuote).join(' ')}`)).toEqual(words);
    }),
    { numRuns: 60 },
  );
});

it('a real shell reads back every line of an environment file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cutover-env-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'env');
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (values) => {
      const names = values.map((_, index) => `VALUE_${index}`);
      writeFileSync(file, values.map((value, index) => environmentLine(`VALUE_${index}`, value)).join(''));
      const printed = names.map((name) => `"$${name}"`).join(' ');
      expect(shell(`. ${file}; printf '%s\\0' ${printed}`)).toEqual(values);
    }),
    { numRuns: 60 },
  );
});

it('by the rules of systemd every line of an environment file reads back', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), (values) => {
      const file = values.map((value, index) => environmentLine(`VALUE_${index}`, value)).join('');
      expect(readEnvironment(file)).toEqual(values.map((value, index) => [`VALUE_${index}`, value]));
    }),
    { numRuns: 1000 },
  );
});

it('what cannot be said is refused, not cut', () => {
  expect(() => shellQuote('a\0b')).toThrow(RangeError);
  expect(() => environmentLine('A', 'a\0b')).toThrow(RangeError);
  for (const name of ['', '1A', 'A B', 'A=B', 'A\n', 'A;id', '$(id)', 'é'])
    expect(() => environmentLine(name, 'x')).toThrow(RangeError);
});

function shell(script: string): readonly string[] {
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}
