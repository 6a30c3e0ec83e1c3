import path from 'node:path';
import { findArtifact } from '../../artifact/find.ts';
import type { Config } from '../../config/config.ts';
import { Failure } from '../../core/failure.ts';
import type { Host } from '../../ports.ts';
import type { Context } from '../context.ts';
import { fine, later, note, wrong, type Check, type Finding } from '../finding.ts';

/** The newest jar is the plain one, or there are two. */
export const artifact: Check = {
  id: 'artifact',
  group: 'deployments',
  trap: 13,
  title: 'artifact',
  async check({ config, host }) {
    if (config.artifactKind !== 'path') return image(config, host);
    try {
      const found = await findArtifact(config.artifact, config.run === undefined);
      return fine(`${path.relative(process.cwd(), found) || '.'} is what \`cutover deploy\` takes`);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const { what, why, fix = '' } = error.fields;
      if (why === undefined) return note(`${what}: nothing is built yet`, fix);
      return wrong(`${what}:\n${why}`, fix);
    }
  },
};

async function image({ artifact: name, artifactKind: kind }: Config, host: Host): Promise<Finding> {
  if (kind === 'archive') {
    const { code } = await host.run(['test', '-r', name]);
    return code === 0
      ? fine(`${name} is what \`cutover deploy\` loads`)
      : note(`there is no ${name}: nothing is built yet`, '`docker save`, or name another one');
  }
  if (kind === 'build') return fine(`${name} is what \`cutover deploy\` builds`);
  const { code } = await host.run(['docker', 'image', 'inspect', '--format', '{{.Id}}', '--', name]);
  return code === 0 ? fine(`the engine has ${name}`) : note(`the engine has no ${name} yet: a deploy fetches it`);
}

/** systemd and a clean environment find programs elsewhere than a login does. */
export const program: Check = {
  id: 'program',
  group: 'application',
  trap: 3,
  title: 'can be started',
  check(context) {
    if (context.config.runtime === 'docker') return later('for a program that is looked up');
    const { argv, shell } = context.config.run ?? { argv: ['java'], shell: false };
    const [name = ''] = argv;
    if (shell || name.includes('/') || name.includes('{')) return later('for a program that is looked up');
    return found(context, name);
  },
};

async function found({ host }: Context, name: string): Promise<Finding> {
  const { code, stdout } = await host.run(['sh', '-c', 'command -v -- "$1"', 'which', name]);
  if (code === 0) return fine(`\`${name}\` is ${stdout.trim()}`);
  return wrong(`\`${name}\` is in no folder of PATH`, 'install it, or name it with its whole path in `run`');
}
