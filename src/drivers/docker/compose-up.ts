import path from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Slot } from '../../core/slot.ts';
import type { Host, Launch, RunResult } from '../../ports.ts';
import { composeOn, literal, projectOf, type Service } from './compose.ts';
import { containerName } from './container.ts';

const startDeadline = 60_000;

interface Up {
  slot: Slot;
  launch: Launch;
  service: Service;
  /** Names of all networks of the engine. */
  networks: readonly string[];
  /** Port that the image exposes, or the standard one. */
  exposed: number;
}

/** Starts the service by the engine's own tool, as a project of its own beside the user's. */
export async function composedUp(host: Host, config: Config, up: Up): Promise<RunResult> {
  const { slot, launch, service, networks, exposed } = up;
  // It holds the service's variables, so it is its owner's alone.
  const file = path.join(config.state, 'slots', slot, 'compose.yaml');
  const text = projectOf(service, 'app', overrides(config, slot, launch, service, exposed), networks);
  await host.write(file, text, { mode: 0o600 });
  const project = ['--project-name', containerName(config.app, slot), '--file', file];
  return composeOn(host)([...project, 'up', '--detach', '--no-deps', '--no-build', '--force-recreate'], startDeadline);
}

/** What a slot's service has instead of the project's own: its image, its name, its port and who it is. */
function overrides(
  config: Config,
  slot: Slot,
  { env, port, release, argv }: Launch,
  { definition, ports }: Service,
  exposed: number,
): Readonly<Record<string, unknown>> {
  const [only, ...others] = ports;
  const inside = config.container.port ?? (only !== undefined && others.length === 0 ? only : exposed);
  const own = variablesIn(definition['environment']);
  const given = { ...env, PORT: String(inside), SERVER_PORT: String(inside) };
  return {
    image: release.artifact,
    container_name: containerName(config.app, slot),
    restart: 'no',
    ports: [`127.0.0.1:${port}:${inside}`],
    labels: {
      ...(definition['labels'] as object | undefined),
      'cutover.app': config.app,
      'cutover.slot': slot,
      'cutover.release': release.id,
    },
    environment: { ...own, ...literal(withoutStandards(given, config, own)) },
    ...(argv.length > 0 ? { command: argv } : {}),
  };
}

/** What the file says stands; cutover.yaml stands above it; the release and the slot are always ours. */
function withoutStandards(
  given: Readonly<Record<string, string>>,
  { env }: Config,
  own: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const stays = (name: string) => name.startsWith('CUTOVER_') || name in env || !(name in own);
  return Object.fromEntries(Object.entries(given).filter(([name]) => stays(name)));
}

function variablesIn(given: unknown): Record<string, unknown> {
  if (!Array.isArray(given)) return { ...(given as object | undefined) };
  return Object.fromEntries(given.map((line) => String(line).split(/=(.*)/s).slice(0, 2) as [string, string]));
}
