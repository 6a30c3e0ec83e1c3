import { asFailure, exitCodes, Failure, isLost } from '../core/failure.ts';
import type { Finished } from '../core/execute.ts';
import type { World } from '../core/world.ts';
import { opened, reporterOf, type MainOptions } from './main-options.ts';

/** One server: its deployment, what is to be done when the connection is lost meanwhile, and the summary of it. */
export async function single(
  world: World,
  options: MainOptions,
  work: (world: World) => Promise<Finished>,
): Promise<Finished> {
  try {
    const done = await work(world);
    await summarized(world, options, done);
    return done;
  } catch (error) {
    const failure = await afterLoss(world, options, asFailure(error));
    await summarized(world, options, failure);
    throw failure;
  }
}

async function afterLoss(world: World, options: MainOptions, failure: Failure): Promise<Failure> {
  if (!isLost(failure)) return failure;
  const { config } = world;
  const reporter = reporterOf(options, config);
  reporter({ type: 'warning', text: `${failure.fields.what}: trying to reach it again` });
  const { putRightAfterLoss } = await import('../core/loss.ts');
  const live = await putRightAfterLoss({ world, reopen: () => opened(config, reporter) });
  if (!live) return failure;
  const traffic = live.release === undefined ? 'as it was' : `100 % on release ${live.release}`;
  const left = 'nothing: it answered again, and what was under way is put right';
  const safe = { ...failure.fields, exit: exitCodes.safe, traffic, left, fix: 'deploy again' };
  return new Failure(safe, failure.cause);
}

async function summarized(world: World, options: MainOptions, end: Finished | Failure): Promise<void> {
  if (options.summary === undefined) return;
  const { writeSummary, singleResult } = await import('./summary.ts');
  await writeSummary(options.summary, world.config.app, singleResult(world.config, end));
}
