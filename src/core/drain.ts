import { humanDuration } from '../lib/duration.ts';
import type { Connections } from '../ports.ts';
import type { Step } from './plan.ts';
import type { Slot } from './slot.ts';
import type { World } from './world.ts';

const interval = 50;
const tellInterval = 500;

/** Waits until nothing is open to the slot any more, as long as the configuration says; then tells what is left. */
export async function drained(
  { router, clock, config, report }: World,
  job: { cut: number },
  { slot, cut }: Extract<Step, { do: 'drain' }>,
  signal: AbortSignal,
): Promise<string> {
  const began = clock.elapsed();
  let seen = await router.connections(slot);
  let nextTell = tellInterval;
  for (let spent = 0; seen.open > 0 && spent < config.drain; spent = clock.elapsed() - began) {
    if (spent >= nextTell) report({ type: 'drain', slot, left: config.drain - spent, seen });
    if (spent >= nextTell) nextTell = spent + tellInterval;
    await clock.sleep(interval, signal);
    seen = await router.connections(slot);
  }
  if (seen.open > 0 && cut) seen = await router.connections(slot, 'cut');
  if (seen.open === 0) return 'no connection left';
  const after = `${openText(seen)} still open after ${humanDuration(config.drain)}`;
  if (flowsOutliveProcesses(config)) return cut ? `${after}: led anew` : `${after}; stopping leads them anew`;
  job.cut += seen.open;
  return cut ? `${after}: cut` : `${after}; stopping cuts them`;
}

/** Before the slot's process ends, and before another begins there that nobody has proven. */
export async function handOnFlows({ router, config }: World, slot: Slot): Promise<void> {
  if (flowsOutliveProcesses(config)) await router.connections(slot, 'cut');
}

/** The kernel would lead a flow of UDP to the slot's port, whatever listens there. */
function flowsOutliveProcesses({ router }: World['config']): boolean {
  return router.mode === 'l4' && router.l4.protocol === 'udp';
}

/** `3 connections (2 streams, 1 request)`, as far as it is known what they are. */
export function openText({ open, streams, waiting }: Connections): string {
  const parts = [
    streams ? `${streams} ${streams === 1 ? 'WebSocket or event stream' : 'WebSockets or event streams'}` : '',
    waiting ? `${waiting} ${waiting === 1 ? 'request' : 'requests'} without an answer` : '',
  ].filter(Boolean);
  return parts.length > 0 ? `${open} (${parts.join(', ')})` : String(open);
}
