import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from '../lab/clock.ts';
import { startLoadProcess } from '../lab/load-process.ts';
import type { LoadReport, Segment } from '../lab/strict-client.ts';
import { request } from '../src/drivers/host/request.ts';
import type { Deployer, DeployerKind } from './contenders/deployer.ts';

export const rate = 500;
export const connections = 100;

/** One deploy. Times in ms; those of the answers after the traffic was moved, so before it if negative. */
export interface Deploy {
  readonly took: number;
  readonly firstNew: number;
  /** When the last request was *sent* that still got the old release. */
  readonly lastOld: number;
}

export interface Turn {
  readonly name: string;
  readonly report: LoadReport;
  readonly deploys: readonly Deploy[];
}

interface Made {
  readonly label: string;
  readonly from: string;
  readonly to: string;
  readonly took: number;
  readonly moved: number;
}

/** Brings the first release up, deploys so many times to and fro under load, and takes everything down again. */
export async function takeTurn({ name, deploys, start }: DeployerKind): Promise<Turn> {
  const deployer = await start({ image: 'shop:1', release: '1' });
  try {
    const load = await startLoadProcess({ url: deployer.url, rate, connections });
    const made: Made[] = [];
    await sleep(1000);
    for (let i = 1; i <= deploys; i += 1) {
      made.push(await deployOnce(deployer, i, load));
      // What the old one still answers, or the proxy has not noticed yet, belongs to this deploy.
      await sleep(1500);
    }
    const report = await load.stop();
    return { name, report, deploys: made.map((one) => judge(one, report.segments)) };
  } finally {
    await deployer.stop();
  }
}

type Marked = Pick<Awaited<ReturnType<typeof startLoadProcess>>, 'mark' | 'fireIdleNow'>;

async function deployOnce({ url, deploy }: Deployer, i: number, load: Marked): Promise<Made> {
  const from = await releaseAt(url);
  const label = `deploy ${i}`;
  const start = monotonic();
  let moved: number | undefined;
  load.mark(label, start);
  await deploy({ image: `shop:${1 + (i % 2)}`, release: String(i + 1) }, () => {
    moved ??= monotonic() - start;
    // The idle half sends at this very moment, and then once more over the time in which a reload takes hold.
    load.fireIdleNow();
    setTimeout(() => load.fireIdleNow(200), 20);
  });
  const took = monotonic() - start;
  if (moved === undefined) throw new Error('the traffic was never moved');
  return { label, from, to: await releaseAt(url), took, moved };
}

/** Asked again if need be: a proxy may still send it to a container that is gone. That is for the load to count. */
async function releaseAt(url: string): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    const answer = await request({ url: `${url}/version`, timeout: 1000 }).catch(() => undefined);
    if (answer?.status === 200) return (JSON.parse(answer.body) as { release: string }).release;
    if (tries === 20) throw new Error(`${url} does not answer`);
    await sleep(250);
  }
}

function judge({ label, from, to, took, moved }: Made, segments: readonly Segment[]): Deploy {
  if (from === to) throw new Error(`${label}: release ${from} was still there`);
  const seen = segments.find((one) => one.label === label)?.byRelease ?? {};
  return {
    took,
    firstNew: (seen[to]?.firstAnswer ?? Infinity) - moved,
    lastOld: (seen[from]?.lastSent ?? 0) - moved,
  };
}
