import type { Config, Server } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { configFor } from '../config/servers.ts';
import { exitCodes, Failure } from '../core/failure.ts';
import type { MainOptions } from './main-options.ts';

/** What the file says, and what that means for each server that the command is for. */
export interface Targets {
  readonly config: Config;
  /** One for this machine, or one for each chosen server in the order of the file. */
  readonly each: readonly Config[];
}

export async function targetsOf(options: MainOptions): Promise<Targets> {
  const config = await configOf(options);
  if (config.servers.length === 0) {
    mustNotChoose(options);
    return { config, each: [config] };
  }
  const only = namesIn(options.only);
  const skip = namesIn(options.skip);
  mustBeKnown(config.servers, [...only, ...skip]);
  const chosen = config.servers.filter(
    (server) => (only.length === 0 || isNamed(server, only)) && !isNamed(server, skip),
  );
  if (chosen.length === 0) throw noServerLeft();
  return { config, each: chosen.map((server) => configFor(config, server)) };
}

/** For what can only be done on one. */
export async function targetOf(options: MainOptions): Promise<Config> {
  const { each } = await targetsOf(options);
  const [only, ...others] = each;
  if (only && others.length === 0) return only;
  throw new Failure({
    code: 'SEVERAL_SERVERS',
    exit: exitCodes.usage,
    what: 'this is for one server at a time',
    why: `the file names ${each.map(({ server }) => server?.name).join(', ')}`,
    fix: 'choose one: `--only NAME`',
  });
}

export function configOf(options: MainOptions): Promise<Config> {
  return loadConfig({ cwd: process.cwd(), env: process.env, ...(options.config ? { file: options.config } : {}) });
}

function namesIn(lists: readonly string[] | undefined): readonly string[] {
  return (lists ?? [])
    .flatMap((list) => list.split(','))
    .map((name) => name.trim())
    .filter(Boolean);
}

/** By its own name or that of its role. */
function isNamed({ name, role }: Server, names: readonly string[]): boolean {
  return names.includes(name) || (role !== undefined && names.includes(role));
}

function mustBeKnown(servers: readonly Server[], names: readonly string[]): void {
  const unknown = names.find((name) => !servers.some((server) => isNamed(server, [name])));
  if (unknown === undefined) return;
  throw new Failure({
    code: 'NO_SUCH_SERVER',
    exit: exitCodes.usage,
    what: `there is no server or role ${unknown}`,
    why: `the file names ${servers.map(({ name }) => name).join(', ')}`,
    fix: 'see `servers` or `roles` in cutover.yaml',
  });
}

function mustNotChoose({ only, skip }: MainOptions): void {
  if (!only && !skip) return;
  throw new Failure({
    code: 'NO_SUCH_SERVER',
    exit: exitCodes.usage,
    what: 'cutover.yaml names no servers to choose from',
    fix: 'leave out --only and --skip, or name them in `servers`',
  });
}

function noServerLeft(): Failure {
  return new Failure({
    code: 'NO_SUCH_SERVER',
    exit: exitCodes.usage,
    what: '--skip leaves no server',
    fix: 'skip fewer',
  });
}
