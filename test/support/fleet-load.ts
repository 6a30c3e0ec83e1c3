import { expect } from 'vitest';
import type { Server } from '../../lab/servers.ts';
import { startLoad, type LoadReport } from '../../lab/strict-client.ts';
import { host } from './fleet-client.ts';

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
      const ended = await Promise.all(loads.map(async ({ name, load }) => [name, await load.stop()] as const));
      const whole = ended.filter(([name]) => !gone.includes(name));
      console.log(`${what}: ${whole.map(figures).join(', ')}`);
      for (const [name, { sent, losses }] of whole) {
        expect(losses, name).toEqual([]);
        expect(sent, name).toBeGreaterThan(50);
      }
      return new Map(ended);
    },
  };
}

function figures([name, { lost, sent }]: readonly [string, LoadReport]): string {
  return `${name} ${lost} of ${sent} requests lost`;
}
