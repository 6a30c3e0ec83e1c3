import type { Config } from '../../../config/config.ts';
import type { Host, Router } from '../../../ports.ts';
import { sharesTraffic } from '../../../config/progressive.ts';
import { markerFile } from '../marker-file.ts';
import { splitLink } from '../split-link.ts';
import { connectionsTo } from './connections.ts';
import { askFrontDoor } from './front-door.ts';
import { installMarker } from './install.ts';
import { frontDoorToken } from './token.ts';

/**
 * `managed` and `adopted`: nginx looks for one file at every request, and a switch is one rename. No reload, no
 * privilege, no moment in between.
 */
export default function markerRouter(host: Host, config: Config): Router {
  const shares = sharesTraffic(config.progressive);
  return {
    name: `nginx (${config.router.mode})`,
    granularity: config.progressive.shift ? 1 : 100,
    ...(shares ? splitLink(host, config.state) : markerFile(host, config.state)),
    ask: async (signal, how) => askFrontDoor(host, config, await frontDoorToken(host, config.state), signal, how),
    connections: (slot) => connectionsTo(host, config, slot),
    install: () => installMarker(host, config),
  };
}
