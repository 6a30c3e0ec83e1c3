import { expect } from 'vitest';
import type { Server } from '../../lab/servers.ts';
import { startLoad, type LoadReport } from '../../lab/strict-client.ts';
import { host } from './fleet-client.ts';
import { until } from './until.ts';

const fewest = 50;

/** The public of every server. */
export interface FleetLoad {
  /** Ends it, tells the figures, and demands that no request was lost, but for servers that were gone themselves. */
  nothingLost(what: string, ...gone: string[]): Promise<ReadonlyMap<string, LoadReport>>;
}

export async function loadOn(servers: readonly Server[]): Promise<FleetLoad> {
  const loads = await Promise.all(
    servers.map(async ({ name, url }) => ({ name, load: await startLoad({ url, host, connections: 8, rate: 60 }) })),
  );
  return {
    async nothingLost(what, ...gone) {
      const seen = loads.filter(({ name }) => !gone.includes(name));
      const enough = async ({ load }: (typeof loads)[number]) => (await load.counts()).sent > fewest;
      await until(async () => (await Promise.all(seen.map(enough))).every(Boolean), 30_000, 'enough requests');
      const ended = await Promise.all(loads.map(async ({ name, load }) => [name, await load.stop()] as const));
      const whole = ended.filter(([name]) => !gone.includes(name));
      console.log(`${what}: ${whole.map(figures).join(', ')}`);
      for (const [name, { sent, losses }] of whole) {
        expect(losses, name).toEqual([]);
        expect(sent, name).toBeGreaterThan(fewest);
      }
      return new Map(ended);
    },
  };
}

function figures([name, { lost, sent }]: readonly [string, LoadReport]): string {
  return `${name} ${lost} of ${sent} requests lost`;
}
