/** Milliseconds of the machine's monotonic clock: the same number in every process, never set back. */
export function monotonic(): number {
  return performance.now() + origin;
}

const origin = Number(process.hrtime.bigint()) / 1e6 - performance.now();
