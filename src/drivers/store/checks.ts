import type { Config } from '../../config/config.ts';
import { exitCodes, Failure } from '../../core/failure.ts';
import type { Host } from '../../ports.ts';

/** The state directory must be a real one, and this user's own: root may look after anybody's. Returns whose it is. */
export async function stateChecks(host: Host, { state }: Config): Promise<number> {
  const seen = await host.read(state, { look: true }).catch(() => undefined);
  if (seen === undefined)
    throw refused(
      'NOT_SET_UP',
      'this server is not set up for the app yet',
      `${state} does not exist`,
      host.me.remote ? 'run `cutover setup` once' : 'run `cutover setup` once (as root: `sudo cutover setup`)',
    );
  const [owner, mode = '', ...kind] = seen.split(' ');
  if (kind.join(' ') !== 'directory')
    throw refused(
      'SYMLINK_REFUSED',
      `${state} is not a directory`,
      `it is a ${kind.join(' ')}`,
      'name the real directory in `state`',
    );
  const { uid } = host.me;
  if (uid !== Number(owner) && uid !== 0)
    throw refused(
      'NOT_YOURS',
      'the state of this app belongs to another user',
      `${state} is owned by user id ${owner ?? '?'}`,
      'deploy as that user, or have `sudo cutover setup` done for you',
    );
  if ((Number.parseInt(mode, 8) & 0o022) !== 0)
    throw refused('STATE_OPEN', `others may write to ${state}`, `its mode is ${mode}`, `chmod 755 ${state}`);
  return Number(owner);
}

function refused(code: string, what: string, why: string, fix: string): Failure {
  return new Failure({ code, exit: exitCodes.configuration, what, why, fix });
}
