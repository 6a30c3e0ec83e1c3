import type { Config } from '../../../config/config.ts';
import type { Host, Router } from '../../../ports.ts';
import { markerFile } from '../marker-file.ts';
import { connectionsTo } from './connections.ts';
import { askFrontDoor } from './front-door.ts';
import { installMarker } from './install.ts';
import { frontDoorToken } from './token.ts';

/**
 * `managed` and `adopted`: nginx looks for the file `green` at every request, and a switch is one rename
 * of it. No reload, no privilege, no moment in between.
 */
export default function markerRouter(host: Host, config: Config): Router {
  return {
    name: `nginx (${config.router.mode})`,
    granularity: 100,
    ...markerFile(host, config.state),
    ask: async (signal) => askFrontDoor(host, config, await frontDoorToken(host, config.state), signal),
    connections: (slot) => connectionsTo(host, config, slot),
    install: () => installMarker(host, config),
  };
}
