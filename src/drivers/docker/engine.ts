import { Failure } from '../../core/failure.ts';
import { humanDuration } from '../../lib/duration.ts';
import type { Host, RunOptions, RunResult } from '../../ports.ts';
import { mustBePrivate } from './endpoint.ts';

/** The engine's own command, which knows contexts and `DOCKER_HOST`. What the engine refuses is a result; no engine is a failure. */
export type Docker = (words: readonly string[], options?: RunOptions) => Promise<RunResult>;

const unreachable =
  /cannot connect to the docker daemon|permission denied while trying to connect|error during connect/i;

export function dockerOn(host: Host): Docker {
  let checked: Promise<void> | undefined;
  return async (words, options) => {
    await (checked ??= mustBePrivate(host));
    const result = await host.run(['docker', ...words], options);
    if (result.code === 127 || (result.code !== 0 && unreachable.test(result.stderr))) throw noEngine(result.stderr);
    return result;
  };
}

/** An engine that hangs takes the connection and never answers. */
const lookDeadline = 30_000;

/** Undefined when the engine has no such thing; any other trouble is a failure. */
export async function inspected<T>(docker: Docker, kind: 'container' | 'image', name: string): Promise<T | undefined> {
  const words = ['inspect', '--type', kind, '--format', '{{json .}}', '--', name];
  const { code, stdout, stderr, timedOut } = await docker(words, { deadline: lookDeadline });
  if (timedOut) throw noEngine(`no answer within ${humanDuration(lookDeadline)}`);
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

function noEngine(stderr: string): Failure {
  return new Failure({
    code: 'DOCKER_DOWN',
    what: 'the Docker engine does not answer',
    why: stderr.trim(),
    fix: fixOf(stderr),
  });
}

function fixOf(stderr: string): string {
  if (/\bdial-stdio\b/.test(stderr))
    return 'the way to it over ssh is gone: `docker version` tells when it is there again; it needs a key without a question, and `docker` on the other side';
  if (/permission denied/i.test(stderr))
    return 'add this user to the group docker (`sudo usermod -aG docker $USER`), then log in again';
  return 'start it (`sudo systemctl start docker`); `docker version` tells whether it answers';
}
