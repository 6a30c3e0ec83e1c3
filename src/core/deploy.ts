import path from 'node:path';
import { fingerprint } from '../lib/fingerprint.ts';
import { execute, type Finished } from './execute.ts';
import { exitCodes, Failure } from './failure.ts';
import type { Begin } from './journal.ts';
import { planDeploy, targetSlot, type Cutover, type HookName, type Step } from './plan.ts';
import { preflight } from './preflight.ts';
import type { Release } from './release.ts';
import { beginOf, jobOf, underLock, type Planned, type SessionOptions } from './session.ts';
import { releaseOf, type Artifact } from './stage.ts';
import { mustAgree, type View } from './view.ts';
import type { World } from './world.ts';

export interface DeployOptions extends SessionOptions {
  message: string | undefined;
  notReversible: string | undefined;
}

export function deploy(world: World, artifact: Artifact, options: DeployOptions): Promise<Finished> {
  return underLock(world, options, async (view) => {
    const { begin, job } = await plannedDeploy(world, view, artifact, options);
    return execute(world, job, begin, options.signal);
  });
}

/** Everything is checked that can be, and nothing is done. `id`: what the release is to be called, where others have a say. */
export async function plannedDeploy(
  world: World,
  view: View,
  artifact: Artifact,
  options: DeployOptions,
  id = nextId(view),
): Promise<Planned> {
  const { begin, release } = await planned(world, view, artifact, options, id);
  return { begin, job: jobOf(view, { release, source: artifact }, options.prove) };
}

async function planned(
  world: World,
  view: View,
  artifact: Artifact,
  { message, notReversible }: DeployOptions,
  id: string,
): Promise<{ begin: Begin; release: Release }> {
  mustAgree(view);
  const slot = targetSlot(view.live, view.split);
  const release = releaseOf(world, id, artifact, { message, notReversible });
  const plan = planDeploy({
    before: view.split,
    live: view.live,
    liveRelease: view.live && view.slots[view.live].release,
    release: release.id,
    stage: true,
    occupied: view.slots[slot].state !== 'stopped',
    running: false,
    keepStandby: world.config.standby !== 0 && notReversible === undefined,
    cutOld: cutsOld(world),
    hooks: configuredHooks(world),
    ...progressively(world),
  });
  await preflight(world, view, slot, movesInStages(plan));
  await world.artifacts.mustFit(artifact);
  return {
    release,
    begin: beginOf(world, view, 'deploy', {
      plan,
      to: slot,
      release: release.id,
      message,
      configuration: configured(world),
    }),
  };
}

function movesInStages(plan: readonly Step[]): boolean {
  return plan.filter((step) => step.do === 'shift').length > 1;
}

/** Where the file lies, and which servers it names, makes no difference to what runs. */
function configured({ config }: World): string {
  const apart = { file: '', server: undefined, servers: [], roles: {}, rollout: undefined };
  const inside = path.dirname(config.file);
  return fingerprint(JSON.stringify({ ...config, ...apart }).replaceAll(JSON.stringify(inside).slice(1, -1), '.'));
}

/** A rollback is made at once; only what is new is warmed up, shared out and watched. */
function progressively({ config: { progressive } }: World): Pick<Cutover, 'warm' | 'stages' | 'watch'> {
  const { warmup, shift, watch } = progressive;
  return {
    warm: warmup !== undefined,
    stages: shift?.stages.map(({ percent }) => percent) ?? [],
    watch: watch.time > 0,
  };
}

/** Numbers only count up: one that was used by a failed deploy does not come back. */
export function nextId({ releases, deployments }: View): string {
  const used = [...releases.map(({ id }) => id), ...deployments.map(({ release }) => release)];
  return String(Math.max(0, ...used.map((id) => Number(id ?? 0))) + 1);
}

export function cutsOld({ config }: World): boolean {
  return config.router.mode === 'l4' && config.router.l4.oldConnections === 'cut';
}

export function configuredHooks({ config }: World): readonly HookName[] {
  const names: readonly HookName[] = [
    'beforeStart',
    'afterStart',
    'beforeSwitch',
    'afterSwitch',
    'activate',
    'deactivate',
  ];
  return names.filter((name) => config.hooks[name] !== undefined);
}

export function nothingDeployed(): Failure {
  return new Failure({
    code: 'NOTHING_DEPLOYED',
    exit: exitCodes.usage,
    what: 'nothing has been deployed yet',
    fix: 'start with `cutover deploy`',
  });
}
