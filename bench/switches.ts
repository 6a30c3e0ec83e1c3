import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from '../lab/clock.ts';
import { startLoadProcess } from '../lab/load-process.ts';
import type { LoadReport, Segment } from '../lab/strict-client.ts';
import { otherSlot, type Slot } from '../src/core/slot.ts';
import type { Contender } from './contenders/contender.ts';

export const rate = 4000;
export const connections = 200;

/** One switch, all times in ms after the command was given. */
export interface Switch {
  /** When the command returned. */
  readonly returned: number;
  /** When the first answer of the new slot came. */
  readonly firstNew: number | undefined;
  /** When the last request was sent that still got the old slot; 0: none that was sent after the command. */
  readonly lastOld: number;
}

export interface SwitchRun {
  readonly report: LoadReport;
  readonly switches: readonly Switch[];
}

/** The load alone. */
export async function loadAtRest(url: string, seconds: number): Promise<LoadReport> {
  const load = await startLoadProcess({ url, rate, connections });
  await sleep(seconds * 1000);
  return load.stop();
}

/** So many switches under load, to and fro, ending on blue if the count is even. */
export async function loadWhileSwitching(contender: Contender, count: number, interval: number): Promise<SwitchRun> {
  const load = await startLoadProcess({ url: contender.url, rate, connections });
  const made: { label: string; from: Slot; returned: number }[] = [];
  await sleep(500);
  for (let i = 0, from: Slot = 'blue'; i < count; i += 1, from = otherSlot(from)) {
    const label = `switch ${i}`;
    const start = monotonic();
    load.mark(label, start);
    // The idle half sends at this very moment, and then once more over the time in which a reload takes hold.
    load.fireIdleNow();
    await contender.switchTo(otherSlot(from));
    made.push({ label, from, returned: monotonic() - start });
    load.fireIdleNow(Math.min(200, interval / 2));
    const next = start + interval * (0.9 + 0.2 * Math.random());
    // What is sent so late may be answered after the next switch, by the slot that is the old one now.
    load.mark(`before ${i + 1}`, next - Math.min(60, interval / 3));
    await sleep(Math.max(0, next - monotonic()));
  }
  const report = await load.stop();
  return { report, switches: made.map((one) => judge(one, report.segments)) };
}

function judge(made: { label: string; from: Slot; returned: number }, segments: readonly Segment[]): Switch {
  const seen = segments.find(({ label }) => label === made.label)?.bySlot ?? {};
  return {
    returned: made.returned,
    firstNew: seen[otherSlot(made.from)]?.firstAnswer,
    lastOld: seen[made.from]?.lastSent ?? 0,
  };
}
