import type { Config } from '../../config/config.ts';
import { soleSlot } from '../../core/split.ts';
import type { FrontDoorAnswer, Host, Router } from '../../ports.ts';
import { markerActions, markerFile } from './marker-file.ts';

/** `none`: nobody sends requests here, as to a worker. Which release does the work is written down, and that is all. */
export default function noRouter(host: Host, config: Config): Router {
  const marker = markerFile(host, config.state);
  return {
    name: 'none (no front door)',
    granularity: 100,
    ...marker,
    ask: async () => answerOf(soleSlot(await marker.read())),
    connections: async () => ({ open: 0 }),
    install: async () => markerActions(config.state, 'blue', 'which slot does the work'),
  };
}

function answerOf(slot: FrontDoorAnswer['slot']): FrontDoorAnswer {
  return { slot, status: undefined, answered: true, detail: 'no front door: nobody sends requests here' };
}
