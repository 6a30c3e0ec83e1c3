import { expect } from 'vitest';
import type { LoadReport } from '../../lab/strict-client.ts';

/** Prints what was lost of how many, by whom the others were answered, and fails if it was any. */
export function mustHaveLostNothing({ losses, sent, byRelease }: LoadReport, what: string): void {
  console.log(`${what}: ${losses.length} of ${sent} requests lost`, byRelease);
  expect(losses).toEqual([]);
}
