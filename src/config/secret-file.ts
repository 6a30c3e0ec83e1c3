import { exitCodes, Failure } from '../core/failure.ts';
import { readPrivate } from './private-file.ts';

/** One secret word. No message ever holds it. */
export async function readSecret(file: string): Promise<string> {
  const text = await readPrivate(file, {
    unreadable: (why) => unusable(file, why, 'make it: `(umask 077; openssl rand -hex 16 > FILE)`'),
    open: () => unusable(file, 'others can read it', `chmod 600 ${file}`),
  });
  const secret = text.trim();
  if (/^[\w-]{16,200}$/.test(secret)) return secret;
  throw unusable(file, 'it must hold 16 to 200 letters, digits, "-" and "_"', 'write a longer one');
}

function unusable(file: string, why: string, fix: string): Failure {
  return new Failure({
    code: 'SECRET_UNUSABLE',
    exit: exitCodes.configuration,
    what: `the secret of previews in ${file} cannot be used`,
    why,
    fix,
  });
}
