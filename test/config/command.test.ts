import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCommand, splitLine } from '../../src/config/command.ts';

describe('a line is split as a shell would split it', () => {
  it.each([
    ['java -jar {artifact}', ['java', '-jar', '{artifact}']],
    ['  a   b  ', ['a', 'b']],
    [`say 'a b' "c d"`, ['say', 'a b', 'c d']],
    [`--name='a b'c`, ['--name=a bc']],
    [`a "" ''`, ['a', '', '']],
    [String.raw`a\ b "q\"q" "\n"`, ['a b', 'q"q', String.raw`\n`]],
    [`'$HOME | > ;'`, ['$HOME | > ;']],
    [`"a|b"`, ['a|b']],
    [String.raw`"\$HOME" \$x`, ['$HOME', '$x']],
    ['a\nb', ['a', 'b']],
    ['x=1 is fine later y=2', undefined],
    ['run x=1', ['run', 'x=1']],
  ])('%j', (line, words) => {
    if (words === undefined) expect(splitLine(line)).toHaveProperty('message');
    else expect(splitLine(line)).toEqual(words);
  });

  it('for every list of words that is quoted', () => {
    const word = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), (words) => {
        const line = words.map((each) => `'${each.replaceAll("'", String.raw`'\''`)}'`).join(' ');
        expect(splitLine(line)).toEqual(words);
      }),
    );
  });

  it('and sh agrees', () => {
    const piece = fc.constantFrom(
      'a',
      'b-c',
      ' ',
      '"d e"',
      "'f  g'",
      String.raw`\ `,
      String.raw`"h\"i"`,
      "''",
      '=',
      String.raw`"\\"`,
      '  ',
      '{port}',
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
        const line = `x ${pieces.join('')}`;
        const shell = spawnSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
        expect(splitLine(line)).toEqual(shell.stdout.split('\0').slice(0, -1));
      }),
      { numRuns: 60 },
    );
  });
});

describe('a line that wants a shell is refused without one', () => {
  it.each([
    ['a | b', '"|"'],
    ['a && b', '"&"'],
    ['a; b', '";"'],
    ['a > /dev/null', '">"'],
    ['a < b', '"<"'],
    ['java $JAVA_OPTS', '"$J"'],
    ['a "$HOME"', '"$H"'],
    ['a ${X}', '"${"'],
    ['a $(date)', '"$("'],
    ['a `date`', '"`"'],
    ['~/run', '"~"'],
    ['FOO=1 java', '"env", not in the line (FOO)'],
  ])('%j', (line, said) => {
    expect(readCommand(line, false)).toEqual([{ word: undefined, message: expect.stringContaining(said) }]);
  });

  it.each([
    ["a 'b", "'"],
    ['a "b', '"'],
  ])('and so is %j, with a quote that is never closed', (line, quote) => {
    expect(readCommand(line, false)).toEqual([{ word: undefined, message: `the quote ${quote} is never closed` }]);
  });
});

describe('with a shell', () => {
  it('the line stays as it is', () => {
    expect(readCommand('exec java $OPTS | tee x', true)).toEqual({
      argv: ['exec java $OPTS | tee x'],
      shell: true,
    });
  });

  it('a list is refused, unless it is one line', () => {
    expect(readCommand(['a', 'b'], true)).toEqual([
      { word: undefined, message: 'with "shell: true" this is one line, not a list' },
    ]);
    expect(readCommand(['a b'], true)).toEqual({ argv: ['a b'], shell: true });
  });

  it('braces of the shell are left alone, and a near miss of a placeholder is not', () => {
    expect(readCommand("exec x ${HOME} ${port} | awk '{print}'", true)).toHaveProperty('argv');
    expect(readCommand('exec x {prot}', true)).toEqual([
      { word: undefined, message: 'unknown placeholder "{prot}" (did you mean "{port}"?)' },
    ]);
  });
});

describe('placeholders', () => {
  it('that exist are kept', () => {
    expect(readCommand('x {artifact} {port} {slot} {release}', false)).toHaveProperty('argv.length', 5);
  });

  it('that do not exist are an error with a suggestion, at their word', () => {
    expect(readCommand(['x', '--p={prot}', '{nonsense}'], false)).toEqual([
      { word: 1, message: 'unknown placeholder "{prot}" (did you mean "{port}"?)' },
      {
        word: 2,
        message: 'unknown placeholder "{nonsense}" (there are {artifact}, {port}, {slot}, {release}, {server})',
      },
    ]);
  });

  it('are not what is in JSON', () => {
    expect(readCommand(['x', '{"a":{"b":1}}'], false)).toHaveProperty('argv');
  });
});

it.each([
  ['', 'is empty'],
  [[], 'is empty'],
  [[''], 'names no program'],
  [['a', '\0'], 'holds a NUL character'],
])('%j is refused', (written, message) => {
  expect(readCommand(written, false)).toEqual([expect.objectContaining({ message })]);
});
