import type { Health } from '../config/config.ts';
import type { HttpAnswer } from '../ports.ts';
import { Failure } from './failure.ts';
import { endpoint } from './endpoint.ts';
import { filled } from './placeholders.ts';
import type { Slot } from './slot.ts';
import { commandFolder, slotValues } from './user-command.ts';
import type { World } from './world.ts';

/** Paths that are tried in turn when the configuration names none. */
export const healthPaths = ['/actuator/health/readiness', '/actuator/health', '/health', '/profile', '/'];

export interface Attempt {
  healthy: boolean;
  /** What came back, for people. */
  answer: string;
}

/** Asks one slot, again and again, in the way that the configuration says. */
export interface Checker {
  once(): Promise<Attempt>;
  asked(): string;
}

export function checker(world: World, slot: Slot, signal: AbortSignal): Checker {
  const addresses = world.pools?.addresses(slot) ?? [endpoint(world.config, slot, world.address)];
  return all(addresses.map((address) => checkerAt(world, slot, address, signal)));
}

/** A slot of several servers is healthy when each of them is. */
function all(checkers: readonly Checker[]): Checker {
  const [only, ...others] = checkers;
  if (only && others.length === 0) return only;
  return {
    asked: () => checkers.map((each) => each.asked()).join(', '),
    async once() {
      const attempts = await Promise.all(checkers.map((each) => each.once()));
      const bad = attempts.findIndex(({ healthy }) => !healthy);
      const said = attempts[bad];
      if (!said) return { healthy: true, answer: `all ${attempts.length} are healthy` };
      return { healthy: false, answer: `${checkers[bad]?.asked() ?? ''}: ${said.answer}` };
    },
  };
}

/** Asks one address of a slot. */
export function checkerAt(world: World, slot: Slot, address: string, signal: AbortSignal): Checker {
  const { health } = world.config;
  if (health.kind === 'command') return commandChecker(world, slot, address, signal);
  return httpChecker(world, address, health.kind === 'tcp' ? [] : health.path ? [health.path] : healthPaths, signal);
}

function commandChecker(world: World, slot: Slot, address: string, signal: AbortSignal): Checker {
  const { config, host } = world;
  const [, name = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  const values = { ...slotValues(world, slot), port };
  const argv = config.health.command.map((word) => filled(word, values));
  return {
    asked: () => argv.join(' '),
    async once() {
      const env = { CUTOVER_ADDRESS: name.replace(/^\[(.*)\]$/, '$1') };
      const { code } = await host.run(argv, {
        deadline: config.health.timeout,
        signal,
        env,
        cwd: commandFolder(world),
      });
      return { healthy: code === 0, answer: `exit code ${code}` };
    },
  };
}

/** With several paths the first that is not a 404 is the one. No path at all: an open port is enough. */
function httpChecker({ config, host }: World, address: string, paths: readonly string[], signal: AbortSignal): Checker {
  const { health } = config;
  const base = `http://${address}`;
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
        if (error instanceof Failure) throw error;
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
  if (!bodyFits)
    return { healthy: false, answer: `answered ${answer.status}, but without "${health.body}" in its body` };
  if (wrong)
    return { healthy: false, answer: `answered ${answer.status}, but without the header ${wrong[0]}: ${wrong[1]}` };
  return { healthy: true, answer: `answered ${answer.status}` };
}

/** The port took the connection and spoke something else than HTTP. */
function isNoHttp(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('HPE_');
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code === 'ECONNREFUSED' ? 'connection refused' : error.message;
}
