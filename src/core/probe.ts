import type { Inspection } from '../ports.ts';
import { Failure } from './failure.ts';
import { checker, type Attempt } from './health.ts';
import type { Slot } from './slot.ts';
import type { World } from './world.ts';

/** Between two looks at the process; the application is asked far more often. */
const lookInterval = 100;
/** Between two looks at which ports it opened. */
const portInterval = 1000;
/** How long an application may answer on other ports only before it counts as lost. */
const elsewherePatience = 5000;

export interface Proof {
  /** Milliseconds from the first try to the last success. */
  took: number;
  /** What was asked, for people. */
  asked: string;
}

/**
 * Waits until the release in the slot is healthy: so many successes in a row, from the very process
 * that was started. Fails at once when that process dies, or listens somewhere else.
 */
export async function probe(
  world: World,
  slot: Slot,
  release: string,
  successes: number,
  signal: AbortSignal,
): Promise<Proof> {
  const { clock, config } = world;
  const { health } = config;
  const began = clock.elapsed();
  const check = checker(world, slot, signal);
  const watch = watcher(world, slot);
  let last: Attempt = { healthy: false, answer: 'nothing answered' };
  let inARow = 0;
  let ours: Promise<void> | undefined;
  while (clock.elapsed() - began < health.deadline) {
    signal.throwIfAborted();
    last = await agreed(world, slot, await check.once());
    inARow = last.healthy ? inARow + 1 : 0;
    if (inARow === 1) ours = begun(mustBeOurs(world, slot, release));
    if (inARow >= successes) {
      await ours;
      return { took: clock.elapsed() - began, asked: check.asked() };
    }
    await watch(clock.elapsed() - began);
    await clock.sleep(health.interval, signal);
  }
  throw new Failure({
    code: 'HEALTH_TIMEOUT',
    what: `${slot} did not become healthy`,
    why: `${check.asked()}: ${last.answer}, for ${health.deadline / 1000} s${await lastWords(world, slot)}`,
    fix: `see \`cutover logs ${release}\`; deploy again, or raise health.deadline`,
  });
}

/** An image's own HEALTHCHECK has to say yes too. */
export async function agreed({ config, runtime }: World, slot: Slot, attempt: Attempt): Promise<Attempt> {
  if (!attempt.healthy || config.runtime !== 'docker') return attempt;
  const { health, detail } = await runtime.inspect(slot, 'alive');
  if (health === undefined || health === 'healthy') return attempt;
  const words = (health === 'unhealthy' && detail) || `its HEALTHCHECK says ${health}`;
  return { healthy: false, answer: `${attempt.answer}, but ${words}` };
}

/** Runs beside the next checks; whether it failed is asked when it is awaited. */
function begun(check: Promise<void>): Promise<void> {
  check.catch(() => undefined);
  return check;
}

/** Looks at the process now and then, while the application is asked far more often. */
function watcher(world: World, slot: Slot): (elapsed: number) => Promise<void> {
  let nextLook = 0;
  let nextPorts = portInterval;
  let restarts: number | undefined;
  let elsewhereSince: number | undefined;
  return async (elapsed) => {
    if (elapsed >= nextLook) {
      restarts = await mustLive(world, slot, restarts);
      nextLook = elapsed + lookInterval;
    }
    if (elapsed < nextPorts) return;
    nextPorts = elapsed + portInterval;
    const ports = await portsElsewhere(world, slot);
    elsewhereSince = ports.length > 0 ? (elsewhereSince ?? elapsed) : undefined;
    if (elsewhereSince !== undefined && elapsed - elsewhereSince >= elsewherePatience)
      throw await listensElsewhere(world, slot, ports);
  };
}

async function mustLive(world: World, slot: Slot, before: number | undefined): Promise<number> {
  const seen = await world.runtime.inspect(slot, 'alive');
  if (seen.state === 'running' && seen.restarts <= (before ?? seen.restarts)) return seen.restarts;
  if (seen.detail === 'starting') return seen.restarts;
  throw new Failure({
    code: 'APP_EXITED',
    what: `the application in ${slot} ended while it was starting`,
    why: `${seen.detail ?? 'it was started again'}${await lastWords(world, slot)}`,
    fix: seen.fix ? `${seen.fix}; then deploy again` : 'mend the application, then deploy again',
  });
}

async function mustBeOurs(world: World, slot: Slot, release: string): Promise<void> {
  const seen = await world.runtime.inspect(slot);
  const port = world.config.slots[slot];
  const needsPort = world.config.router.mode !== 'none' || world.config.health.kind !== 'command';
  if ((!needsPort || seen.ports.includes(port)) && seen.release === release) return;
  throw new Failure({
    code: seen.taken ? 'PORT_TAKEN' : 'WRONG_ANSWER',
    what: `port ${port} answers, but not from release ${release}`,
    why: seen.taken
      ? `another process listens on ${port}; what was started has ${portsText(seen)}`
      : `the process in ${slot} is release ${seen.release ?? 'none'} with ${portsText(seen)}`,
    fix: `end the other process (\`ss -ltnp 'sport = :${port}'\` names it), or give the slots other ports`,
  });
}

async function portsElsewhere(world: World, slot: Slot): Promise<readonly number[]> {
  const { ports } = await world.runtime.inspect(slot);
  const elsewhere = ports.length > 0 && !ports.includes(world.config.slots[slot]);
  return elsewhere && (await answersHttp(world, ports)) ? ports : [];
}

async function listensElsewhere(world: World, slot: Slot, ports: readonly number[]): Promise<Failure> {
  const port = world.config.slots[slot];
  return new Failure({
    code: 'LISTENS_ELSEWHERE',
    what: `the application listens on ${ports.join(', ')} instead of ${port}`,
    why: `it did not take the port it was given (PORT=${port}, server.port=${port})${await lastWords(world, slot)}`,
    fix: 'give it the port in `run` with {port}, or read PORT in the application',
  });
}

/** A debugger's or a metrics port that opens first is no reason to give up; an answering web server is. */
async function answersHttp({ host }: World, ports: readonly number[]): Promise<boolean> {
  const answers = ports.map((port) => host.request({ url: `http://127.0.0.1:${port}/`, timeout: 1000 }));
  return (await Promise.allSettled(answers)).some(({ status }) => status === 'fulfilled');
}

function portsText({ ports }: Inspection): string {
  return ports.length > 0 ? `port ${ports.join(', ')}` : 'no port open';
}

async function lastWords({ host, runtime }: World, slot: Slot): Promise<string> {
  const argv = await runtime.logs({ slot }, { lines: 25, follow: false });
  const { stdout } = await host.run(argv, { deadline: 5000 });
  const words = stdout.split('\n').filter((line) => line.trim() !== '');
  return words.length > 0 ? `\nlast lines of its log:\n${words.map((line) => `  ${line}`).join('\n')}` : '';
}
