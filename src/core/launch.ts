import { readEnvFile } from '../config/env-file.ts';
import type { Launch } from '../ports.ts';
import { exitCodes, Failure } from './failure.ts';
import { filledCommand } from './placeholders.ts';
import type { Release } from './release.ts';
import type { Slot } from './slot.ts';
import { slotValues } from './user-command.ts';
import type { World } from './world.ts';

/**
 * As system properties, because they stand above every file and variable of the application, and
 * because they reach it even when it reads its own arguments.
 */
const javaCommand = [
  'java',
  '-Dserver.port={port}',
  '-Dserver.shutdown=graceful',
  '-Dmanagement.endpoint.health.probes.enabled=true',
  '-jar',
  '{artifact}',
];

/** An image brings its own PATH. What the system properties of `javaCommand` say, for a Spring Boot image. */
const containerDefaults = { SERVER_SHUTDOWN: 'graceful', MANAGEMENT_ENDPOINT_HEALTH_PROBES_ENABLED: 'true' };

function processDefaults({ me }: World['host']): Readonly<Record<string, string>> {
  return { PATH: me.path, LANG: 'C.UTF-8' };
}

/** How a release is started in a slot: the command with everything filled in, and its environment. */
export async function launchOf(world: World, slot: Slot, release: Release): Promise<Launch> {
  const { config, host } = world;
  const port = config.slots[slot];
  const values = { ...slotValues(world, slot), artifact: release.artifact, release: release.id };
  const inContainer = config.runtime === 'docker';
  const command = config.run ?? { argv: inContainer ? [] : defaultCommand(release), shell: false };
  const argv = filledCommand(command, values);
  const secrets = config.envFile ? await readEnvFile(config.envFile) : {};
  return {
    release,
    port,
    argv: inContainer ? argv : [await absolute(host, argv[0] ?? ''), ...argv.slice(1)],
    user: config.user,
    env: {
      ...(inContainer ? containerDefaults : processDefaults(host)),
      ...config.env,
      ...secrets,
      PORT: String(port),
      CUTOVER_APP: config.app,
      CUTOVER_SLOT: slot,
      CUTOVER_RELEASE: release.id,
    },
  };
}

function defaultCommand(release: Release): readonly string[] {
  if (release.artifact.endsWith('.jar')) return javaCommand;
  throw new Failure({
    code: 'RUN_MISSING',
    exit: exitCodes.configuration,
    what: `it is not said how ${release.name} is started`,
    why: 'only a jar starts by itself',
    fix: 'add `run`, e.g. `run: node server.js`, to cutover.yaml',
  });
}

/** systemd and a clean environment find programs elsewhere than the deployer's shell does. */
async function absolute(host: World['host'], program: string): Promise<string> {
  if (program.includes('/')) return program;
  const found = await host.run(['sh', '-c', 'command -v -- "$1"', 'which', program]);
  if (found.code === 0 && found.stdout.startsWith('/')) return found.stdout.trim();
  throw new Failure({
    code: 'PROGRAM_MISSING',
    what: `\`${program}\` is not on the server`,
    why: 'the command of `run` starts with it, and it is in no folder of PATH',
    fix: `install it, or name it with its whole path`,
  });
}
