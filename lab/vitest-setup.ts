import { endLeftovers } from './cleanup.ts';

/** What killed tests left behind is ended before a run, and what this run's workers left after it. */
export async function setup(): Promise<void> {
  await endLeftovers();
}

export async function teardown(): Promise<void> {
  await endLeftovers();
}
