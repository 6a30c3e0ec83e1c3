import type { Config } from '../config/config.ts';
import { asFailure, exitCodes, type ExitCode } from '../core/failure.ts';
import { failureText } from './render/failure.ts';
import { paintFor } from './render/paint.ts';
import type { Targets } from './targets.ts';

/**
 * The same for each server, one after another under its name. One that fails keeps none from its turn;
 * the answer is the gravest exit code.
 */
export async function eachServer({ each }: Targets, work: (config: Config) => Promise<number | void>): Promise<number> {
  const [only, ...others] = each;
  if (only && others.length === 0) return (await work(only)) ?? exitCodes.done;
  const codes: number[] = [];
  for (const config of each) {
    const paint = paintFor(process.stderr);
    process.stderr.write(`${paint.bold(`── ${config.server?.name ?? ''}`)}\n`);
    codes.push((await work(config).catch(told)) ?? exitCodes.done);
  }
  return Math.max(...codes);
}

function told(error: unknown): ExitCode {
  const failure = asFailure(error);
  process.stderr.write(failureText(failure, paintFor(process.stderr)));
  return failure.exit;
}
