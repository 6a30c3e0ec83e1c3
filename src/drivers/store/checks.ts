import { lstat } from 'node:fs/promises';
import type { Config } from '../../config/config.ts';
import { exitCodes, Failure } from '../../core/failure.ts';

/** The state directory must be a real one, and this user's own: root may look after anybody's. */
export async function stateChecks({ state }: Config): Promise<void> {
  const seen = await lstat(state).catch(() => undefined);
  if (!seen)
    throw refused(
      'NOT_SET_UP',
      'this server is not set up for the app yet',
      `${state} does not exist`,
      'run `cutover setup` once (as root: `sudo cutover setup`)',
    );
  if (!seen.isDirectory())
    throw refused(
      'SYMLINK_REFUSED',
      `${state} is not a directory`,
      seen.isSymbolicLink() ? 'it is a symbolic link' : 'it is a file',
      'name the real directory in `state`',
    );
  const uid = process.getuid?.();
  if (uid !== seen.uid && uid !== 0)
    throw refused(
      'NOT_YOURS',
      'the state of this app belongs to another user',
      `${state} is owned by user id ${seen.uid}`,
      'deploy as that user, or have `sudo cutover setup` done for you',
    );
  if ((seen.mode & 0o022) !== 0)
    throw refused(
      'STATE_OPEN',
      `others may write to ${state}`,
      `its mode is ${(seen.mode & 0o7777).toString(8)}`,
      `chmod 755 ${state}`,
    );
}

function refused(code: string, what: string, why: string, fix: string): Failure {
  return new Failure({ code, exit: exitCodes.configuration, what, why, fix });
}
