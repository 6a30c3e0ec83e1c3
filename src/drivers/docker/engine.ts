import { Failure } from '../../core/failure.ts';
import { humanDuration } from '../../lib/duration.ts';
import type { Host, RunOptions, RunResult } from '../../ports.ts';
import { isOverSsh, privateAddress } from './endpoint.ts';

/**
 * The engine's own command, which knows contexts and `DOCKER_HOST`. What the engine refuses is a result; no engine is a
 * failure, and so is one that takes a question that only `looks` and never answers.
 */
export type Docker = (words: readonly string[], options?: DockerOptions) => Promise<RunResult>;

interface DockerOptions extends RunOptions {
  looks?: boolean;
}

const lookDeadline = 30_000;
const unreachable =
  /cannot connect to the docker daemon|permission denied while trying to connect|error during connect/i;

export function dockerOn(host: Host): Docker {
  let checked: Promise<string | undefined> | undefined;
  return async (words, { looks = false, ...options } = {}) => {
    const address = await (checked ??= privateAddress(host));
    const result = await host.run(['docker', ...words], looks ? { ...options, deadline: lookDeadline } : options);
    if (looks && result.timedOut) throw noEngine(`no answer within ${humanDuration(lookDeadline)}`, address);
    if (result.code === 127 || (result.code !== 0 && unreachable.test(result.stderr)))
      throw noEngine(result.stderr, address);
    return result;
  };
}

/** Undefined when the engine has no such thing; any other trouble is a failure. */
export async function inspected<T>(docker: Docker, kind: 'container' | 'image', name: string): Promise<T | undefined> {
  const words = ['inspect', '--type', kind, '--format', '{{json .}}', '--', name];
  const { code, stdout, stderr } = await docker(words, { looks: true });
  if (code === 0) return JSON.parse(stdout) as T;
  if (/no such (object|container|image)/i.test(stderr)) return undefined;
  throw refused(`the ${kind} ${name} cannot be looked at`, stderr);
}

/** What the system says, in the engine's words, when the disk of its data is full. */
export function isFull(words: string): boolean {
  return /no space left on device/i.test(words);
}

export function noRoom(what: string, why: string): Failure {
  return new Failure({
    code: 'NO_DISK',
    what: `the engine has no room for ${what}`,
    why: why.trim(),
    fix: 'free some where the engine keeps its data (`docker system df` shows what takes it), or keep fewer releases with `keep`',
  });
}

export function refused(what: string, stderr: string): Failure {
  return new Failure({
    code: 'DOCKER_REFUSED',
    what,
    why: stderr.trim() || 'it did not answer in time',
    fix: 'the engine says why; its own log says more (`journalctl -u docker`)',
  });
}

function noEngine(why: string, address: string | undefined): Failure {
  return new Failure({
    code: 'DOCKER_DOWN',
    what: 'the Docker engine does not answer',
    why: why.trim(),
    fix: isOverSsh(address) ? wayOverSsh : wayHere(why),
  });
}

const wayOverSsh =
  'is the way to it over ssh gone? `docker version` tells when it answers again; it needs a key without a question, and `docker` on the other side';

function wayHere(why: string): string {
  if (/permission denied/i.test(why))
    return 'add this user to the group docker (`sudo usermod -aG docker $USER`), then log in again';
  return 'start it (`sudo systemctl start docker`); `docker version` tells whether it answers';
}
