import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseEnvFile, readEnvFile } from '../../src/config/env-file.ts';
import { failureOf, temporaryFolder } from './support.ts';

describe('an env file', () => {
  it.each([
    ['A=1', { A: '1' }],
    ['A=1\nB=2\n', { A: '1', B: '2' }],
    ['\uFEFFA=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['# comment\n\n  export A = b c  # why\n', { A: 'b c' }],
    ['A=', { A: '' }],
    ['A=\nB=1', { A: '', B: '1' }],
    ['A=# nothing', { A: '' }],
    ['URL=http://x/#frag?a=b', { URL: 'http://x/#frag?a=b' }],
    [`A='x # $y "z"' # c`, { A: 'x # $y "z"' }],
    [String.raw`A="x\ny\"\\z\q"`, { A: 'x\ny"\\z\\q' }],
    ['KEY="-----BEGIN\nabc\n-----END"\nB=1', { KEY: '-----BEGIN\nabc\n-----END', B: '1' }],
    ['A=1\nA=2', { A: '2' }],
    ["A=it's", { A: "it's" }],
    ['', {}],
  ])('%j is understood', (text, values) => {
    expect(parseEnvFile('/x/.env', text)).toEqual(values);
  });

  it('tells all its mistakes with their lines, and never a value', () => {
    const text = 'OK="1\n2"\nsecret1\n2X=secret2\nA="secret3\n';
    expect(() => parseEnvFile('/x/.env', text)).toThrow(
      expect.objectContaining({
        exit: 3,
        fields: expect.objectContaining({
          code: 'ENV_FILE_INVALID',
          why: '/x/.env:3 there is no "="\n/x/.env:4 the name before "=" must be letters, digits and "_"\n/x/.env:5 A: a quote is not closed, or something follows it',
        }),
      }),
    );
    expect(() => parseEnvFile('/x/.env', text)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('secret') }),
    );
  });

  it('that only its owner can read is read', async () => {
    const file = join(await temporaryFolder(), '.env');
    await writeFile(file, 'A=1', { mode: 0o600 });
    expect(await readEnvFile(file)).toEqual({ A: '1' });
  });

  it.each([0o640, 0o604, 0o660, 0o644])('with mode %o is refused, with the command that mends it', async (mode) => {
    const file = join(await temporaryFolder(), '.env');
    await writeFile(file, 'A=1');
    await chmod(file, mode);
    expect(await failureOf(readEnvFile(file))).toMatchObject({
      exit: 3,
      fields: { code: 'ENV_FILE_OPEN', fix: `chmod 600 ${file}` },
    });
  });

  it('that is not there, or a folder, is a failure of the configuration', async () => {
    for (const file of ['/nowhere/.env', await temporaryFolder()]) {
      expect(await failureOf(readEnvFile(file))).toMatchObject({
        exit: 3,
        fields: { code: 'ENV_FILE_UNREADABLE' },
      });
    }
  });
});
