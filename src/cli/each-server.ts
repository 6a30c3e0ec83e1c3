import type { Config } from '../config/config.ts';
import { asFailure, exitCodes, type ExitCode } from '../core/failure.ts';
import type { MainOptions } from './main-options.ts';
import { failureText } from './render/failure.ts';
import { paintFor } from './render/paint.ts';
import type { Targets } from './targets.ts';

/** The first of these that occurred is the answer for all. */
const gravity: readonly ExitCode[] = [
  exitCodes.bug,
  exitCodes.needsPerson,
  exitCodes.interrupted,
  exitCodes.safe,
  exitCodes.locked,
  exitCodes.configuration,
  exitCodes.usage,
];

/** `server`: its name where there are several, to be told with what machines read. */
type Work = (config: Config, server: string | undefined) => Promise<number | void>;

/**
 * The same for each server, one after another under its name. One that fails keeps none from its turn;
 * the answer is the gravest exit code.
 */
export async function eachServer({ each }: Targets, options: MainOptions, work: Work): Promise<number> {
  const [only, ...others] = each;
  if (only && others.length === 0) return (await work(only, undefined)) ?? exitCodes.done;
  const codes: number[] = [];
  const paint = paintFor(process.stderr);
  for (const config of each) {
    const name = config.server?.name ?? '';
    if (!options.json) process.stderr.write(`${paint.bold(`── ${name}`)}\n`);
    codes.push((await work(config, name).catch((error: unknown) => told(error, name, options))) ?? exitCodes.done);
  }
  return gravity.find((code) => codes.includes(code)) ?? exitCodes.done;
}

function told(error: unknown, server: string, { json }: MainOptions): ExitCode {
  const failure = asFailure(error);
  const { fields, exit } = failure;
  if (json) process.stdout.write(`${JSON.stringify({ type: 'failure', server, exit, ...fields })}\n`);
  else process.stderr.write(failureText(failure, paintFor(process.stderr)));
  return exit;
}
