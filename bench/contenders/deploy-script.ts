import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../lab/free-port.ts';
import { otherSlot, type Slot } from '../../src/core/slot.ts';
import { composeProject } from './compose-tool.ts';
import type { Deployer, DeployerKind, Next } from './deployer.ts';
import { workDirectory } from './program.ts';
import { startReload } from './reload.ts';

/** What the script waits for the new colour. */
const wait = 10_000;

/** Written anew from what the well-known blue/green script does; no line of it is taken over. */
export const composeScript: DeployerKind = {
  name: 'compose script',
  how: 'a stand-in of our own for the well-known script: `docker-compose -p app-green up -d`, `sleep 10`, nginx’s include written anew and `nginx -s reload`, `docker-compose -p app-blue down`; ports on 127.0.0.1',
  deploys: 2,
  start: startScript,
};

async function startScript(first: Next): Promise<Deployer> {
  const [blue = 0, green = 0] = await freePorts(2);
  const ports = { blue, green };
  const dir = workDirectory('script');
  const colour = (slot: Slot) => composeProject(dir, `app-${slot}`, { ports: [`127.0.0.1:${ports[slot]}:8080`] });
  const colours = { blue: colour('blue'), green: colour('green') };
  const front = await startReload(ports);
  await colours.blue.up(first);
  return {
    url: front.url,
    deploy: async (next, moving) => {
      const live: Slot = (await colours.blue.ids()).length > 0 ? 'blue' : 'green';
      await colours[otherSlot(live)].up(next);
      await sleep(wait);
      moving();
      await front.switchTo(otherSlot(live));
      moving();
      await colours[live].down();
    },
    stop: async () => {
      await Promise.all(Object.values(colours).map((one) => one.discard()));
      await front.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
