import { exitCodes, Failure } from '../core/failure.ts';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `30s`, `5m`, `1h`, or a number of seconds, in milliseconds. */
export function parseDuration(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  if (number !== undefined) return Number(number) * (units[unit] ?? 1000);
  throw new Failure({
    code: 'BAD_DURATION',
    exit: exitCodes.usage,
    what: `"${text}" is not a time`,
    fix: 'write it like 30s, 5m or 1h',
  });
}
