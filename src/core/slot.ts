/** One of the two places a release can run in. Exactly one of them gets the public traffic. */
export type Slot = 'blue' | 'green';

export const slots: readonly Slot[] = ['blue', 'green'];

export function otherSlot(slot: Slot): Slot {
  return slot === 'blue' ? 'green' : 'blue';
}
