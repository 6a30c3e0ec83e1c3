import type { Slot } from './slot.ts';

/** Percent of the public traffic per slot: whole numbers that add up to 100; or 0 and 0 where nobody is reached. */
export type Split = Readonly<Record<Slot, number>>;

export function allTo(slot: Slot): Split {
  return slot === 'blue' ? { blue: 100, green: 0 } : { blue: 0, green: 100 };
}

/** So many percent to this slot, the rest to the other. */
export function shareTo(slot: Slot, percent: number): Split {
  return slot === 'blue' ? { blue: percent, green: 100 - percent } : { blue: 100 - percent, green: percent };
}

/** The slot that gets all the traffic, or undefined while it is shared. */
export function soleSlot(split: Split): Slot | undefined {
  if (split.blue === 100) return 'blue';
  return split.green === 100 ? 'green' : undefined;
}

export function sameSplit(a: Split, b: Split): boolean {
  return a.blue === b.blue && a.green === b.green;
}
