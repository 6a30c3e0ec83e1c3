import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { exitCodes, Failure } from '../core/failure.ts';

/** One secret word. No message ever holds it. */
export async function readSecret(file: string): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    throw unusable(file, error.message, 'make it: `(umask 077; openssl rand -hex 16 > FILE)`');
  });
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw unusable(file, 'it is not a file', 'name a file in preview.secret_file');
    if ((found.mode & 0o077) !== 0) throw unusable(file, 'others can read it', `chmod 600 ${file}`);
    const secret = (await handle.readFile('utf8')).trim();
    if (/^[\w-]{16,200}$/.test(secret)) return secret;
    throw unusable(file, 'it must hold 16 to 200 letters, digits, "-" and "_"', 'write a longer one');
  } finally {
    await handle.close();
  }
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
