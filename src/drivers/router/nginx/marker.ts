import path from 'node:path';
import type { Config } from '../../../config/config.ts';
import { Failure } from '../../../core/failure.ts';
import type { Split } from '../../../core/split.ts';
import type { Host, Router } from '../../../ports.ts';
import { connectionsTo } from './connections.ts';
import { askFrontDoor } from './front-door.ts';
import { installMarker } from './install.ts';
import { frontDoorToken } from './token.ts';

/**
 * `managed` and `adopted`: nginx looks at one path for every request, and a switch is one rename of
 * the symbolic link in that path. No reload, no privilege, no moment in between.
 */
export default function markerRouter(host: Host, config: Config): Router {
  const current = path.join(config.state, 'traffic', 'current');

  async function read(): Promise<Split> {
    const target = await host.read(current, { link: true });
    const green = Number(/^splits\/(0|100)$/.exec(target ?? '')?.[1] ?? Number.NaN);
    if (Number.isNaN(green)) throw unreadable(current, target);
    return { blue: 100 - green, green };
  }

  return {
    name: `nginx (${config.router.mode})`,
    granularity: 100,
    read,
    write: (split) => host.write(current, { link: `splits/${split.green}` }),
    ask: async (signal) => askFrontDoor(host, config, await frontDoorToken(host, config.state), signal),
    connections: (slot) => connectionsTo(host, config.slots[slot]),
    install: () => installMarker(host, config),
  };
}

function unreadable(link: string, target: string | undefined): Failure {
  return new Failure({
    code: 'NOT_SET_UP',
    exit: 3,
    what: target === undefined ? 'this server is not set up for the app yet' : 'the traffic link is not one of ours',
    why: target === undefined ? `${link} does not exist` : `${link} points to ${target}`,
    fix: 'run `cutover setup` once (as root: `sudo cutover setup`)',
  });
}
