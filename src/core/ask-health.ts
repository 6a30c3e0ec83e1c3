import { checker, healthPaths } from './health.ts';
import { agreed } from './probe.ts';
import type { Slot } from './slot.ts';
import type { World } from './world.ts';

interface Asked {
  asked: string;
  answer: string;
  healthy: boolean;
}

/** Presets are tried one after the other, so that many tries may be needed. */
export async function askHealth(world: World, slot: Slot): Promise<Asked> {
  const check = checker(world, slot, new AbortController().signal);
  for (let tries = healthPaths.length; ; tries--) {
    const { answer, healthy } = await agreed(world, slot, await check.once());
    if (healthy || tries <= 1 || answer !== 'answered 404') return { asked: check.asked(), answer, healthy };
  }
}
