import type { Config } from '../../config/config.ts';
import { deploy, deployPlan, type DeployOptions } from '../../core/deploy.ts';
import type { Artifact } from '../../core/stage.ts';
import { parseDuration } from '../duration-option.ts';
import { opened, openedToLook, reporterOf, type MainOptions } from '../main-options.ts';
import { endText, planText } from '../render/result.ts';
import { interruptible } from '../signals.ts';
import { targetsOf } from '../targets.ts';
import { whoWeAre } from '../who.ts';

interface Options extends MainOptions {
  plan?: boolean;
  wait?: string;
  message?: string;
  notReversible?: string;
}

export default async function deployCommand(options: Options, named?: string): Promise<void> {
  const signal = interruptible();
  const { each } = await targetsOf(options);
  const how: DeployOptions = {
    command: `deploy by ${whoWeAre()}`,
    wait: options.wait ? parseDuration(options.wait) : 0,
    signal,
    message: options.message,
    notReversible: options.notReversible,
  };
  const [config, ...others] = each;
  if (config === undefined || others.length > 0) throw new Error('todo');
  const open = options.plan ? openedToLook(config) : opened(config, reporterOf(options, config));
  const [world, artifact] = await Promise.all([open, resolved(config, named)]);
  if (options.plan) {
    const begin = await deployPlan(world, artifact, how);
    return void process.stdout.write(options.json ? `${JSON.stringify(begin)}\n` : planText(begin, world, artifact));
  }
  const done = await deploy(world, artifact, how);
  if (!options.json) process.stdout.write(endText(done, config));
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
