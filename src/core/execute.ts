import { foreseen, noWayBack, whereThingsAre } from './aftermath.ts';
import { deadlineOf } from './deadline.ts';
import { asFailure, completed, exitCodes, Failure, isLost } from './failure.ts';
import { finish } from './finish.ts';
import type { Begin, Deployment, End, JournalEntry, StepDone } from './journal.ts';
import { runHook } from './hook.ts';
import { mustNotBeAborted } from './order.ts';
import { perform, type Job } from './perform.ts';
import { startProver } from './prove.ts';
import { planAbort, pointOfNoReturn, type Step, type Undo } from './plan.ts';
import type { Slot } from './slot.ts';
import type { World } from './world.ts';

export interface Finished {
  begin: Begin;
  end: End;
}

/** Runs a plan from its first step. On any failure or signal it goes the way back and throws. */
export async function execute(world: World, job: Job, begin: Begin, signal: AbortSignal): Promise<Finished> {
  const began = world.clock.elapsed();
  job.deployment = begin.deployment;
  world.report({
    type: 'begin',
    deployment: begin.deployment,
    command: begin.command,
    plan: begin.plan,
    deadline: deadlineOf(world, begin.plan),
  });
  await world.store.append(begin);
  if (job.prove) job.prover = startProver(world, begin, job.prove);
  const progress = { done: [] as Step[] };
  try {
    await runSteps(world, job, begin, 0, progress, signal);
  } catch (error) {
    throw await putBack(world, job, begin, progress.done, error, signal);
  }
  return { begin, end: await finish(world, job, begin, 'done', began) };
}

/** Puts an interrupted deployment right: back, or forward once the old release's stop had begun. */
export async function resume(world: World, job: Job, deployment: Deployment): Promise<End> {
  const began = world.clock.elapsed();
  const noReturn = pointOfNoReturn(deployment.from, deployment.plan);
  const forward = !deployment.abort && deployment.begun.includes(noReturn);
  if (!movesTraffic(deployment)) return finish(world, job, deployment, 'put-back', began);
  const calm = new AbortController().signal;
  if (forward) {
    await runSteps(world, job, deployment, noReturn, { done: [] }, calm);
    return finish(world, job, deployment, 'done', began);
  }
  const done = deployment.begun.flatMap((index) => deployment.plan[index] ?? []);
  await undo(world, job, { ...deployment, unproven: deployment.fromRelease }, done, 'it was interrupted');
  return finish(world, job, deployment, 'put-back', began);
}

/** A step's begin is synced before its effect; its end goes to the journal with the next begin. */
async function runSteps(
  world: World,
  job: Job,
  begin: Begin,
  from: number,
  progress: { done: Step[] },
  signal: AbortSignal,
): Promise<void> {
  const { deployment } = begin;
  let ended: StepDone[] = [];
  for (const [index, step] of [...begin.plan.entries()].slice(from)) {
    signal.throwIfAborted();
    await mustNotBeAborted(world, deployment);
    const at = world.clock.now();
    await world.store.append(...ended, { kind: 'step', deployment, at, index });
    progress.done.push(step);
    const took = await runStep(world, job, step, index, signal);
    ended = [{ kind: 'done', deployment, at: world.clock.now(), index, took }];
  }
  await world.store.append(...ended);
}

async function runStep(world: World, job: Job, step: Step, index: number, signal: AbortSignal): Promise<number> {
  const began = world.clock.elapsed();
  world.report({ type: 'step', step, index });
  try {
    const detail = await perform(world, job, step, signal);
    const took = world.clock.elapsed() - began;
    world.report({ type: 'done', step, index, took, detail });
    return took;
  } catch (error) {
    const failure = foreseen(error, signal).fields;
    world.report({ type: 'failed', step, index, took: world.clock.elapsed() - began, failure });
    throw error;
  }
}

async function putBack(
  world: World,
  job: Job,
  begin: Begin,
  done: readonly Step[],
  error: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const began = world.clock.elapsed();
  const failure = foreseen(error, signal);
  const noReturn = begin.plan[pointOfNoReturn(begin.from, begin.plan)];
  const passed = noReturn !== undefined && done.includes(noReturn);
  const problem = passed || !movesTraffic(begin) ? failure : await tryUndo(world, job, begin, done, failure);
  const undone = problem === undefined;
  await runAfterFailure(world, begin);
  await finish(world, job, begin, undone ? 'put-back' : 'stuck', began).catch((problem: unknown) =>
    warn(world, problem),
  );
  const exit = undone ? failure.exit : exitCodes.needsPerson;
  const known = await whereThingsAre(world, begin, done);
  // What failed first may have been the silence before the connection was known to be lost.
  const told = isLost(problem) ? asFailure(problem) : failure;
  return completed(new Failure({ ...told.fields, exit }, told.cause), known);
}

/** What `up` and `down` did is not undone: the next one goes on from there. */
function movesTraffic({ plan }: Begin): boolean {
  return plan.some((step) => step.do === 'shift');
}

async function runAfterFailure(world: World, { to, from, release }: Begin): Promise<void> {
  const slot = to ?? from;
  if (!slot) return;
  await runHook(world, 'afterFailure', slot, release, new AbortController().signal).catch((problem: unknown) =>
    warn(world, problem),
  );
}

async function tryUndo(
  world: World,
  job: Job,
  begin: Begin,
  done: readonly Step[],
  failure: Failure,
): Promise<unknown> {
  const { code, what } = failure.fields;
  const { deployment } = begin;
  const entry: JournalEntry = { kind: 'abort', deployment, at: world.clock.now(), code, what };
  await world.store.append(entry).catch((problem: unknown) => warn(world, problem));
  try {
    await undo(world, job, begin, done, what);
    return undefined;
  } catch (problem) {
    warn(world, problem);
    return problem;
  }
}

/** Every step is tried, whatever becomes of the one before; but traffic goes to no slot that proves unhealthy. */
async function undo(
  world: World,
  job: Job,
  begin: Begin & Pick<Undo, 'unproven'>,
  done: readonly Step[],
  why: string,
): Promise<void> {
  const { before, from, unproven } = begin;
  const fromRuns = from !== undefined && (await runs(world, from));
  const plan = planAbort({ before, from, fromRuns, done, unproven });
  const stays = done.some((step) => step.do === 'shift') && begin.from !== undefined && !fromRuns;
  world.report({ type: 'abort', why, plan });
  const problems: unknown[] = [];
  for (const [index, step] of plan.entries()) {
    const failed = await runStep(world, job, step, index, new AbortController().signal).then(
      () => false,
      (problem: unknown) => problems.push(problem) > 0,
    );
    if (failed && (step.do === 'probe' || problems.some(isLost))) break;
  }
  if (stays) throw noWayBack(begin);
  if (problems.length > 0) throw problems[0];
}

/** Before the first deploy, what has the traffic may have been started by somebody else. */
async function runs({ runtime }: World, slot: Slot): Promise<boolean> {
  const { state, taken } = await runtime.inspect(slot);
  return state === 'running' || taken;
}

function warn(world: World, problem: unknown): void {
  world.report({ type: 'warning', text: problem instanceof Error ? problem.message : String(problem) });
}
