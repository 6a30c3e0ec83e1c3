import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until it is so; throws when that takes longer than `limit` ms. Half of the time, at most, is spent on looking. */
export async function until(isSo: () => boolean | Promise<boolean>, limit = 10_000, what = 'it'): Promise<void> {
  const end = performance.now() + limit;
  for (let began = performance.now(); !(await isSo()); began = performance.now()) {
    const now = performance.now();
    if (now > end) throw new Error(`${what} did not come to be within ${limit} ms`);
    await sleep(Math.max(10, now - began));
  }
}

/** Any failure of it, or an error when it did not fail. */
export async function rejection(attempt: Promise<unknown>): Promise<unknown> {
  const outcome = await attempt.then(
    () => ({ failed: false as const }),
    (error: unknown) => ({ failed: true as const, error }),
  );
  if (outcome.failed) return outcome.error;
  throw new Error('it did not fail as expected');
}
