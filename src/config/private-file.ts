import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Failure } from '../core/failure.ts';

/** What to say of a file that cannot be read, and of one that others can read too. */
export interface Refusals {
  unreadable(why: string): Failure;
  open(mode: number): Failure;
}

/** Text of a file with secrets, which must be its owner's alone. */
export async function readPrivate(file: string, refuse: Refusals): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    throw refuse.unreadable(error.message);
  });
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw refuse.unreadable('it is not a file');
    if ((found.mode & 0o077) !== 0) throw refuse.open(found.mode);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
