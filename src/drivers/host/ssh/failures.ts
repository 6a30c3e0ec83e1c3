import { exitCodes, Failure } from '../../../core/failure.ts';
import type { ShellGone } from './shell.ts';

/** Exit code of ssh itself; others are of what it ran. */
const sshFailed = 255;

/** No session came to be. ssh's own words tell best whether it was the name, the way, the key or the host's key. */
export function notReached(server: string, gone: ShellGone, elevated: boolean): Failure {
  if (elevated && gone.code !== sshFailed) return sudoRefused(server, gone);
  return new Failure({
    code: 'UNREACHABLE',
    what: `${server} cannot be reached over ssh`,
    why: gone.message || `ssh ended with exit code ${gone.code}`,
    traffic: 'as it was: nothing was touched',
    fix: `try \`ssh ${server}\` by hand: cutover uses the same configuration, keys and known hosts, and answers no questions`,
  });
}

function sudoRefused(server: string, { message }: ShellGone): Failure {
  return new Failure({
    code: 'SUDO_REFUSED',
    exit: exitCodes.configuration,
    what: `this user may not become root on ${server} without a password`,
    why: message,
    fix: 'cutover asks for no passwords: allow sudo for the set-up (NOPASSWD), or set up as root: `cutover setup --login root`',
  });
}

/** In the middle of something. The guard on the server ends what still runs there. */
export function connectionLost(server: string, words: string): Failure {
  return new Failure({
    code: 'CONNECTION_LOST',
    exit: exitCodes.needsPerson,
    what: `the connection to ${server} is lost`,
    why: words || 'ssh ended, or heard nothing for 15 s',
    left: 'what was under way; nothing of this command runs on the server any more after 20 s',
    fix: '`cutover recover`, from any machine, puts it right; so does the next deploy',
  });
}
