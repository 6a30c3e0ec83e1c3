import type { Config } from '../../../config/config.ts';
import { Failure } from '../../../core/failure.ts';
import { slots, type Slot } from '../../../core/slot.ts';
import { allTo, soleSlot, type Split } from '../../../core/split.ts';
import type { Clock, Host, Router } from '../../../ports.ts';
import { connectionsTo } from './connections.ts';
import { nginxControl } from './control.ts';
import { endpoint } from '../../../core/endpoint.ts';
import { askFrontDoor } from './front-door.ts';
import { installClassic, siteFacts } from './install.ts';
import { hostFile, nginxPlace, typed } from './place.ts';
import { classicInclude } from './site.ts';
import { frontDoorToken } from './token.ts';

const settleDeadline = 10_000;
const answersInARow = 5;
/** Workers of the generation before keep idle clients this long where `keepalive_min_timeout` is known. */
const oldGeneration = 600;

/**
 * `classic`: the include file names the port, and every switch is a reload. Kept for those who must
 * not change how their nginx decides; `adopted` takes the same file over and needs no reload.
 */
export default function classicRouter(host: Host, config: Config, clock: Clock): Router {
  const place = nginxPlace(host, config);
  let file: Promise<string> | undefined;
  const includeFile = () => (file ??= hostFile(place, config.router.include));
  const control = nginxControl(host, config);
  const ask = async (signal?: AbortSignal) =>
    askFrontDoor(host, config, await frontDoorToken(host, config.state), signal);

  async function read(): Promise<Split> {
    const text = (await host.read(await includeFile())) ?? '';
    const slot = slots.find((candidate) => text.includes(`http://${endpoint(config, candidate)};`));
    if (!slot) throw unreadable(config.router.include);
    return allTo(slot);
  }

  async function write(split: Split): Promise<void> {
    const slot = soleSlot(split);
    if (!slot) throw new Error('a reload moves all traffic or none');
    const facts = await siteFacts(host, config);
    const include = await includeFile();
    const before = await host.read(include);
    const workers = await control.workers();
    await host.write(include, classicInclude(config, facts, slot));
    const tested = await control.test();
    if (tested.code !== 0) {
      await restore(before);
      throw refused(config, tested.stderr);
    }
    await control.reload();
    if (await settled(slot, workers, facts.keepaliveMinTimeout)) return;
    await restore(before);
    await control.reload();
    throw notSettled(slot);
  }

  async function restore(before: string | undefined): Promise<void> {
    if (before !== undefined) await host.write(await includeFile(), before);
  }

  /** A reload returns long before traffic moves: the new workers must be there, and answer alone. */
  async function settled(slot: Slot, old: readonly number[], gentle: boolean): Promise<boolean> {
    const end = clock.elapsed() + settleDeadline;
    let inARow = 0;
    while (inARow < answersInARow) {
      if (clock.elapsed() > end) return false;
      const replaced = (await control.workers()).some((pid) => !old.includes(pid));
      inARow = replaced && (await ask()).slot === slot ? inARow + 1 : 0;
      await clock.sleep(10);
    }
    if (gentle) await clock.sleep(oldGeneration);
    return true;
  }

  return {
    name: 'nginx (classic)',
    granularity: 100,
    read,
    write,
    ask,
    connections: (slot) => connectionsTo(host, config, slot),
    install: () => installClassic(host, config),
  };
}

function unreadable(include: string): Failure {
  return new Failure({
    code: 'NOT_SET_UP',
    exit: 3,
    what: `${include} names neither slot`,
    why: 'it must hold `set $VARIABLE http://127.0.0.1:PORT;` with the port of a slot',
    fix: 'run `sudo cutover setup`',
  });
}

function refused(config: Config, stderr: string): Failure {
  return new Failure({
    code: 'NGINX_CONFIG_BROKEN',
    what: 'nginx does not accept its configuration, so it was not reloaded',
    why: stderr.trim(),
    fix: `run \`${typed(config, '-t')}\`, mend the file it names, then deploy again`,
  });
}

function notSettled(slot: Slot): Failure {
  return new Failure({
    code: 'SWITCH_NOT_SEEN',
    what: `after the reload ${slot} did not answer through the front door; the reload was taken back`,
    fix: 'is the include inside the right server block? `cutover doctor` looks',
  });
}
