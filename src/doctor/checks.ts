import { setUp } from './checks/set-up.ts';
import { identity, served, witnesses } from './checks/witnesses.ts';
import type { Check } from './finding.ts';

/** Every trap that is known, in the order in which they are shown. */
export const checks: readonly Check[] = [setUp, witnesses, served, identity];
