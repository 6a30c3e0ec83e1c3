import { asFailure, exitCodes, Failure, isLost } from '../core/failure.ts';
import type { Finished } from '../core/execute.ts';
import type { World } from '../core/world.ts';
import { opened, reporterOf, type MainOptions } from './main-options.ts';
import { endText } from './render/result.ts';
import type { Summary } from './summary.ts';

/** One server: its deployment, and what is to be done when the connection is lost meanwhile. */
export async function single(
  world: World,
  options: MainOptions,
  work: (world: World) => Promise<Finished>,
): Promise<Summary> {
  const { app, server } = world.config;
  const name = server?.name ?? 'this machine';
  try {
    const finished = await work(world);
    if (!options.json) process.stdout.write(endText(finished, world.config));
    const { release } = finished.end;
    return { app, results: [{ name, outcome: 'done', release, finished, failure: undefined }], failure: undefined };
  } catch (error) {
    const failure = await afterLoss(world, options, asFailure(error));
    const outcome = failure.exit === exitCodes.needsPerson ? 'stuck' : 'failed';
    return { app, results: [{ name, outcome, release: undefined, finished: undefined, failure }], failure };
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
  const fix = 'deploy again, unless the traffic is on the release that you want';
  return new Failure({ ...failure.fields, exit: exitCodes.safe, traffic, left, fix }, failure.cause);
}
