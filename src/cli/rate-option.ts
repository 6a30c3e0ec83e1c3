import { exitCodes, Failure } from '../core/failure.ts';

const usual = 20;
const most = 1000;

/** Requests a second of `--prove`; undefined without it. */
export function rateOf(given: string | true | undefined): number | undefined {
  if (given === undefined) return undefined;
  const rate = given === true ? usual : Number(given);
  if (Number.isInteger(rate) && rate >= 1 && rate <= most) return rate;
  throw new Failure({
    code: 'BAD_RATE',
    exit: exitCodes.usage,
    what: `--prove ${String(given)} is no rate`,
    fix: `requests a second: a whole number from 1 to ${most}`,
  });
}
