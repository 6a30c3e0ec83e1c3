import type { Config } from '../../config/config.ts';
import { deploy, deployPlan, type DeployOptions } from '../../core/deploy.ts';
import type { Artifact } from '../../core/stage.ts';
import { compose } from '../compose.ts';
import { parseDuration } from '../duration-option.ts';
import { configOf, reporterOf, type MainOptions } from '../main-options.ts';
import { endText, planText } from '../render/result.ts';
import { interruptible } from '../signals.ts';

interface Options extends MainOptions {
  plan?: boolean;
  wait?: string;
  message?: string;
  notReversible?: string;
}

export default async function deployCommand(options: Options, named?: string): Promise<void> {
  const signal = interruptible();
  const config = await configOf(options);
  const [world, artifact] = await Promise.all([
    compose(config, reporterOf(options, config.app)),
    resolved(config, named),
  ]);
  const how: DeployOptions = {
    command: `deploy by ${world.who}`,
    wait: options.wait ? parseDuration(options.wait) : 0,
    signal,
    message: options.message,
    notReversible: options.notReversible,
  };
  if (options.plan) return print(options.json ? undefined : planText, await deployPlan(world, artifact, how));
  const done = await deploy(world, artifact, how);
  if (!options.json) process.stdout.write(endText(done, config));

  function print(text: typeof planText | undefined, begin: Awaited<ReturnType<typeof deployPlan>>): void {
    process.stdout.write(text ? text(begin, world, artifact) : `${JSON.stringify(begin)}\n`);
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
