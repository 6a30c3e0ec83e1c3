import * as z from 'zod';

/** setTimeout fires at once beyond this. */
const longest = 2_147_483_647;
const millisecondsIn = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const bytesIn = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 } as const;

/** A time in milliseconds, from `30s`, `500ms`, `5m`, `1h` or a number of seconds. */
export function duration(least = 0, error = 'must be a time such as 500ms, 30s, 5m, 1h, or a number of seconds') {
  return z
    .union([z.number().nonnegative(error), z.string().regex(/^\d{1,10}(\.\d{1,3})?(ms|s|m|h|d)$/, error)], { error })
    .transform((written, context) => {
      const milliseconds = Math.round(typeof written === 'number' ? written * 1000 : measure(written, millisecondsIn));
      if (milliseconds < least)
        context.issues.push({
          code: 'custom',
          message: `must be at least ${least}ms`,
          input: written,
        });
      if (milliseconds > longest)
        context.issues.push({ code: 'custom', message: 'must be at most 24d', input: written });
      return milliseconds;
    });
}

/** A size in bytes, from `512M`, `1g` or a number of bytes. */
export function size(least: number) {
  const error = 'must be a size such as 64k, 512M, 1g, or a number of bytes';
  return z
    .union([z.int().nonnegative(error), z.string().regex(/^\d{1,10}(\.\d{1,3})?[kmgtKMGT]?$/, error)], { error })
    .transform((written, context) => {
      const bytes = Math.round(typeof written === 'number' ? written : measure(written.toLowerCase(), bytesIn));
      if (bytes < least)
        context.issues.push({
          code: 'custom',
          message: `must be at least ${least} bytes`,
          input: written,
        });
      if (bytes > Number.MAX_SAFE_INTEGER)
        context.issues.push({ code: 'custom', message: 'is too large', input: written });
      return bytes;
    });
}

function measure(written: string, units: Readonly<Record<string, number>>): number {
  const number = Number.parseFloat(written);
  return number * (units[written.replace(/^[\d.]+/, '')] ?? Number.NaN);
}

export function wholeNumber(least: number, most: number) {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, error).max(most, error);
}

export const port = wholeNumber(1, 65_535);

export const urlPath = z
  .string()
  .max(2048)
  .regex(/^\/[!-~]*$/, 'must begin with "/" and hold no spaces')
  .regex(/^[^"\\<>`{}#]*$/, 'must not hold any of " \\ < > ` { } #');

export const headerName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,99}$/, 'must be letters, digits and "-"');

/** YAML reads `1.10` as a number; the parser has put back what was written by the time it gets here. */
export const text = z.union([z.string(), z.number(), z.boolean()], { error: 'must be a text' }).transform(String);

export const headerValue = text.pipe(
  z
    .string()
    .regex(/^[\t -~]*$/, 'must be printable ASCII on one line')
    .max(4096),
);

export const envName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: ({ input }) => envNameMistake(String(input)) });

function envNameMistake(name: string): string {
  const spring = name.toUpperCase().replaceAll(/[.-]+/g, '_');
  const hint = /^[A-Z_][A-Z0-9_]*$/.test(spring) ? ` (did you mean "${spring}"?)` : '';
  return `must be letters, digits and "_"${hint}`;
}

export const envValue = text.pipe(z.string().regex(/^(?:[\n\t]|\P{Cc})*$/u, 'must not hold control characters'));

/** One value or a list of them, always read as a list. */
export function oneOrMore<Item extends z.ZodType>(item: Item, error: string) {
  return z.union([item.transform((one) => [one]), z.array(item)], { error });
}
