import type { HttpAnswer, Inspection } from '../ports.ts';
import type { Health } from '../config/config.ts';
import { Failure } from './failure.ts';
import { filled } from './placeholders.ts';
import type { Slot } from './slot.ts';
import type { World } from './world.ts';

/** Paths that are tried in turn when the configuration names none. */
export const healthPaths = ['/actuator/health/readiness', '/actuator/health', '/health', '/profile', '/'];

/** Between two looks at the process; the application is asked far more often. */
const lookInterval = 100;
/** Between two looks at which ports it opened. */
const portInterval = 1000;

export interface Proof {
  /** Milliseconds from the first try to the last success. */
  took: number;
  /** What was asked, for people. */
  asked: string;
}

interface Attempt {
  healthy: boolean;
  /** What came back, for people. */
  answer: string;
}

/**
 * Waits until the release in the slot is healthy: so many successes in a row, from the very process
 * that was started. Fails at once when that process dies, or listens somewhere else.
 */
export async function probe(world: World, slot: Slot, release: string, signal: AbortSignal): Promise<Proof> {
  const { clock, config } = world;
  const { health } = config;
  const began = clock.elapsed();
  const check = checker(world, slot, signal);
  let last: Attempt = { healthy: false, answer: 'nothing answered' };
  let inARow = 0;
  let nextLook = 0;
  let nextPorts = portInterval;
  while (clock.elapsed() - began < health.deadline) {
    signal.throwIfAborted();
    last = await check.once();
    inARow = last.healthy ? inARow + 1 : 0;
    if (inARow === 1 || inARow >= health.successes) await mustBeOurs(world, slot, release);
    if (inARow >= health.successes) return { took: clock.elapsed() - began, asked: check.asked() };
    const elapsed = clock.elapsed() - began;
    if (elapsed >= nextLook) {
      await mustLive(world, slot);
      nextLook = elapsed + lookInterval;
    }
    if (elapsed >= nextPorts) {
      await mustNotListenElsewhere(world, slot);
      nextPorts = elapsed + portInterval;
    }
    await clock.sleep(health.interval, signal);
  }
  throw new Failure({
    code: 'HEALTH_TIMEOUT',
    what: `${slot} did not become healthy`,
    why: `${check.asked()}: ${last.answer}, for ${health.deadline / 1000} s${await lastWords(world, slot)}`,
    fix: `see \`cutover logs ${release}\`; deploy again, or raise health.deadline`,
  });
}

/** One check, as `status` and the watch use it too. */
export async function checkOnce(world: World, slot: Slot, signal: AbortSignal): Promise<boolean> {
  return (await checker(world, slot, signal).once()).healthy;
}

interface Checker {
  once(): Promise<Attempt>;
  asked(): string;
}

function checker(world: World, slot: Slot, signal: AbortSignal): Checker {
  const { health } = world.config;
  if (health.kind === 'command') return commandChecker(world, slot, signal);
  return httpChecker(world, slot, health.kind === 'tcp' ? [] : health.path ? [health.path] : healthPaths, signal);
}

function commandChecker({ config, host }: World, slot: Slot, signal: AbortSignal): Checker {
  const argv = config.health.command.map((word) => filled(word, { slot, port: String(config.slots[slot]) }));
  return {
    asked: () => argv.join(' '),
    async once() {
      const { code } = await host.run(argv, { deadline: config.health.timeout, signal });
      return { healthy: code === 0, answer: `exit code ${code}` };
    },
  };
}

/** With several paths the first that is not a 404 is the one. No path at all: an open port is enough. */
function httpChecker({ config, host }: World, slot: Slot, paths: readonly string[], signal: AbortSignal): Checker {
  const { health } = config;
  const base = `http://127.0.0.1:${config.slots[slot]}`;
  let candidates = paths;
  return {
    asked: () => (paths.length === 0 ? `tcp ${base.slice(7)}` : `GET ${base}${candidates[0] ?? '/'}`),
    async once() {
      try {
        const url = `${base}${candidates[0] ?? '/'}`;
        const answer = await host.request({ url, timeout: health.timeout, signal });
        if (answer.status === 404 && candidates.length > 1) {
          candidates = candidates.slice(1);
          return { healthy: false, answer: 'answered 404' };
        }
        return paths.length === 0 ? { healthy: true, answer: 'open' } : judge(health, answer);
      } catch (error) {
        signal.throwIfAborted();
        return { healthy: paths.length === 0 && isNoHttp(error), answer: wordsOf(error) };
      }
    },
  };
}

function judge(health: Health, answer: HttpAnswer): Attempt {
  const statusFits =
    health.status.length > 0 ? health.status.includes(answer.status) : answer.status >= 200 && answer.status < 300;
  const bodyFits = health.body === undefined || answer.body.includes(health.body);
  const wrong = Object.entries(health.header).find(([name, value]) => answer.headers[name.toLowerCase()] !== value);
  if (!statusFits) return { healthy: false, answer: `answered ${answer.status}` };
  if (!bodyFits) return { healthy: false, answer: `answered ${answer.status}, but without "${health.body}" in its body` };
  if (wrong) return { healthy: false, answer: `answered ${answer.status}, but without the header ${wrong[0]}: ${wrong[1]}` };
  return { healthy: true, answer: `answered ${answer.status}` };
}

/** The port took the connection and spoke something else than HTTP. */
function isNoHttp(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('HPE_');
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  return 'code' in error && error.code === 'ECONNREFUSED' ? 'connection refused' : error.message;
}

async function mustLive(world: World, slot: Slot): Promise<void> {
  const seen = await world.runtime.inspect(slot, 'alive');
  if (seen.state === 'running' && seen.restarts === 0) return;
  if (seen.state !== 'stopped' && seen.detail === 'starting') return;
  throw new Failure({
    code: 'APP_EXITED',
    what: `the application in ${slot} ended while it was starting`,
    why: `${seen.detail ?? `it was started again ${seen.restarts} times`}${await lastWords(world, slot)}`,
    fix: 'mend the application, then deploy again',
  });
}

async function mustBeOurs(world: World, slot: Slot, release: string): Promise<void> {
  const seen = await world.runtime.inspect(slot);
  const port = world.config.slots[slot];
  if (seen.ports.includes(port) && seen.release === release) return;
  throw new Failure({
    code: seen.taken ? 'PORT_TAKEN' : 'WRONG_ANSWER',
    what: `port ${port} answers, but not from release ${release}`,
    why: seen.taken
      ? `another process listens on ${port}; what was started has ${portsText(seen)}`
      : `the process in ${slot} is release ${seen.release ?? 'none'} with ${portsText(seen)}`,
    fix: `end the other process (\`ss -ltnp 'sport = :${port}'\` names it), or give the slots other ports`,
  });
}

async function mustNotListenElsewhere(world: World, slot: Slot): Promise<void> {
  const seen = await world.runtime.inspect(slot);
  const port = world.config.slots[slot];
  if (seen.ports.length === 0 || seen.ports.includes(port) || !(await answersHttp(world, seen.ports))) return;
  throw new Failure({
    code: 'LISTENS_ELSEWHERE',
    what: `the application listens on ${seen.ports.join(', ')} instead of ${port}`,
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
  const argv = await runtime.logs({ slot }, { lines: 12, follow: false });
  const { stdout } = await host.run(argv, { deadline: 5000 });
  return stdout.trim() ? `\nlast lines of its log:\n${stdout.trimEnd().replaceAll(/^/gm, '  ')}` : '';
}
