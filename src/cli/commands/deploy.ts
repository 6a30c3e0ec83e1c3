import type { Config } from '../../config/config.ts';
import { deploy, deployPlan } from '../../core/deploy.ts';
import type { FleetDeployOptions } from '../../core/fleet-deploy.ts';
import type { Artifact } from '../../core/stage.ts';
import { parseDuration } from '../duration-option.ts';
import { opened, openedToLook, reporterOf, type MainOptions } from '../main-options.ts';
import { endText, planText } from '../render/result.ts';
import { interruptible } from '../signals.ts';
import { single } from '../single.ts';
import { targetsOf, type Targets } from '../targets.ts';
import { whoWeAre } from '../who.ts';

interface Options extends MainOptions {
  plan?: boolean;
  wait?: string;
  message?: string;
  notReversible?: string;
  catchUp?: boolean;
}

export default async function deployCommand(options: Options, named?: string): Promise<void> {
  const how: FleetDeployOptions = {
    command: `deploy by ${whoWeAre()}`,
    wait: options.wait ? parseDuration(options.wait) : 0,
    signal: interruptible(),
    message: options.message,
    notReversible: options.notReversible,
    catchUp: options.catchUp ?? false,
  };
  const targets = await targetsOf(options);
  const [config, ...others] = targets.each;
  if (options.plan) for (const each of targets.each) await showPlan(each, options, how, named, others.length > 0);
  else if (!config || others.length > 0 || how.catchUp) await deployFleet(targets, options, how, named);
  else await deployOne(config, options, how, named);
}

async function deployOne(
  config: Config,
  options: Options,
  how: FleetDeployOptions,
  named: string | undefined,
): Promise<void> {
  const world = opened(config, reporterOf(options, config));
  const artifact = resolved(config, named);
  const done = await single(await world, options, async (it) => deploy(it, await artifact, how));
  if (!options.json) process.stdout.write(endText(done, config));
}

async function deployFleet(
  targets: Targets,
  options: Options,
  how: FleetDeployOptions,
  named: string | undefined,
): Promise<void> {
  const [{ openFleet, endFleet }, { deployToAll }] = await Promise.all([
    import('../fleet.ts'),
    import('../../core/fleet-deploy.ts'),
  ]);
  const artifacts = new Map<string, Artifact>();
  for (const { artifact, server, ...config } of targets.each) {
    const known = artifacts.get(artifact) ?? (await resolved({ ...config, artifact, server }, named));
    artifacts.set(artifact, known);
  }
  const fleet = await openFleet(targets, options);
  const result = await deployToAll(fleet, ({ world }) => artifactOf(artifacts, world.config), how);
  await endFleet(targets, result, options);
}

function artifactOf(artifacts: ReadonlyMap<string, Artifact>, { artifact }: Config): Artifact {
  const found = artifacts.get(artifact);
  if (found) return found;
  throw new RangeError(`no artifact ${artifact}`);
}

async function showPlan(
  config: Config,
  options: Options,
  how: FleetDeployOptions,
  named: string | undefined,
  several: boolean,
): Promise<void> {
  const [world, artifact] = await Promise.all([openedToLook(config), resolved(config, named)]);
  const begin = await deployPlan(world, artifact, how);
  const server = config.server?.name;
  if (options.json) process.stdout.write(`${JSON.stringify(several ? { ...begin, server } : begin)}\n`);
  else process.stdout.write(`${several ? `── ${server ?? ''}\n` : ''}${planText(begin, world, artifact)}`);
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
