import type { Config } from '../../config/config.ts';
import { deploy, nextId, plannedDeploy } from '../../core/deploy.ts';
import type { FleetDeployOptions } from '../../core/fleet-deploy.ts';
import type { Artifact } from '../../core/stage.ts';
import { look } from '../../core/view.ts';
import { parseDuration } from '../duration-option.ts';
import { rateOf } from '../rate-option.ts';
import { opened, openedToLook, reporterOf, type MainOptions } from '../main-options.ts';
import { planText } from '../render/result.ts';
import { interruptible } from '../signals.ts';
import { single } from '../single.ts';
import { summarized, type Summary } from '../summary.ts';
import { targetsOf, type Targets } from '../targets.ts';
import { whoWeAre } from '../who.ts';

interface Options extends MainOptions {
  plan?: boolean;
  wait?: string;
  message?: string;
  notReversible?: string;
  catchUp?: boolean;
  prove?: string | true;
}

export default async function deployCommand(options: Options, named?: string): Promise<void> {
  const how: FleetDeployOptions = {
    command: `deploy by ${whoWeAre()}`,
    wait: options.wait ? parseDuration(options.wait) : 0,
    signal: interruptible(),
    message: options.message,
    notReversible: options.notReversible,
    catchUp: options.catchUp ?? false,
    prove: rateOf(options.prove),
  };
  if (options.plan) return showPlans(await targetsOf(options), options, how, named);
  await summarized(options, async () => {
    const targets = await targetsOf(options);
    const [config, ...others] = targets.each;
    const several = !config || others.length > 0 || how.catchUp;
    return several ? deployFleet(targets, options, how, named) : deployOne(config, options, how, named);
  });
}

async function deployOne(
  config: Config,
  options: Options,
  how: FleetDeployOptions,
  named: string | undefined,
): Promise<Summary> {
  const [world, artifact] = await Promise.all([opened(config, reporterOf(options, config)), resolved(config, named)]);
  return single(world, options, (it) => deploy(it, artifact, how));
}

async function deployFleet(
  targets: Targets,
  options: Options,
  how: FleetDeployOptions,
  named: string | undefined,
): Promise<Summary> {
  const [{ openFleet, endFleet }, { deployToAll }] = await Promise.all([
    import('../fleet.ts'),
    import('../../core/fleet-deploy.ts'),
  ]);
  const artifacts = await artifactsOf(targets, named);
  const fleet = await openFleet(targets, options);
  const result = await deployToAll(fleet, ({ world }) => artifactOf(artifacts, world.config), how);
  return endFleet(targets, result, options);
}

/** Roles may have artifacts of their own; each is looked at once. */
async function artifactsOf({ each }: Targets, named: string | undefined): Promise<ReadonlyMap<string, Artifact>> {
  const artifacts = new Map<string, Artifact>();
  for (const config of each)
    artifacts.set(config.artifact, artifacts.get(config.artifact) ?? (await resolved(config, named)));
  return artifacts;
}

function artifactOf(artifacts: ReadonlyMap<string, Artifact>, { artifact }: Config): Artifact {
  const found = artifacts.get(artifact);
  if (found) return found;
  throw new RangeError(`no artifact ${artifact}`);
}

async function showPlans(
  { each }: Targets,
  options: Options,
  how: FleetDeployOptions,
  named: string | undefined,
): Promise<void> {
  const worlds = await Promise.all(each.map(openedToLook));
  const views = await Promise.all(worlds.map((world) => look(world)));
  const id = String(Math.max(...views.map((view) => Number(nextId(view)))));
  for (const [index, world] of worlds.entries()) {
    const view = views[index];
    if (!view) continue;
    const artifact = await resolved(world.config, named);
    const { begin } = await plannedDeploy(world, view, artifact, how, id);
    const server = each.length > 1 ? world.config.server?.name : undefined;
    if (options.json) process.stdout.write(`${JSON.stringify({ ...begin, server })}\n`);
    else process.stdout.write(`${server ? `── ${server}\n` : ''}${planText(begin, world, artifact)}`);
  }
}

async function resolved(config: Config, named: string | undefined): Promise<Artifact> {
  if (config.runtime === 'docker') {
    const { namedImage } = await import('../../artifact/image.ts');
    return namedImage(config, named);
  }
  const [{ findArtifact }, { measured }, path] = await Promise.all([
    import('../../artifact/find.ts'),
    import('../../artifact/digest.ts'),
    import('node:path'),
  ]);
  return measured(await findArtifact(path.resolve(named ?? config.artifact), config.run === undefined));
}
