import type { Inspection } from '../../ports.ts';
import { humanBytes } from '../../lib/duration.ts';
import type { Container } from './container.ts';

/** A crash that long ago is over, not a loop. */
const recently = 60_000;

/** What its HEALTHCHECK says, if its image has one. */
export function healthOf({ State }: Container): Inspection['health'] {
  const status = State.Health?.Status;
  return status === 'starting' || status === 'healthy' || status === 'unhealthy' ? status : undefined;
}

/** Why a container is not as it should be, in words, and what would mend it where that is known. */
export function troubleOf(found: Container): Pick<Inspection, 'detail' | 'fix'> {
  const { State, RestartCount } = found;
  const fix = State.OOMKilled ? memoryFix : undefined;
  if (State.Restarting)
    return { detail: `${endOf(found)}; the engine starts it again (${times(RestartCount)} so far)`, fix };
  if (!State.Running) return { detail: State.Error || endOf(found), fix };
  const said = [checkOf(found), loopOf(found), State.OOMKilled ? `one of its processes was ${killedOf(found)}` : ''];
  return { detail: said.filter(Boolean).join('; ') || undefined, fix };
}

const memoryFix =
  'raise `container.memory` (in a Compose file `mem_limit`), or let the application need less (for Java `-Xmx`)';

function endOf(found: Container): string {
  return found.State.OOMKilled ? killedOf(found) : `ended with exit code ${found.State.ExitCode}`;
}

function killedOf({ HostConfig }: Container): string {
  const limit = HostConfig.Memory;
  return `ended by the kernel: ${limit > 0 ? `it met its memory limit of ${humanBytes(limit)}` : 'out of memory'}`;
}

function checkOf({ State: { Health } }: Container): string {
  if (Health?.Status !== 'unhealthy') return '';
  return `its HEALTHCHECK says unhealthy: ${Health.Log?.at(-1)?.Output.trim().slice(0, 200) || 'no output'}`;
}

/** A loop of crashes is seen between two of them too. */
function loopOf({ RestartCount, State }: Container): string {
  if (RestartCount === 0 || Date.now() - Date.parse(State.StartedAt) > recently) return '';
  return `crashed and was started again ${RestartCount === 1 ? 'just now' : `${RestartCount} times, last just now`}`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
