import path from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Slot } from '../../core/slot.ts';
import type { Launch } from '../../ports.ts';

/** What the engine tells of a container, as far as we ask (`docker inspect`). */
export interface Container {
  readonly Id: string;
  readonly RestartCount: number;
  readonly Config: { readonly Labels: Readonly<Record<string, string>> | null };
  /** Bytes; 0: no limit. */
  readonly HostConfig: { readonly Memory: number };
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Restarting: boolean;
    readonly OOMKilled: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Error: string;
    readonly StartedAt: string;
    readonly Health?: {
      readonly Status: string;
      readonly Log?: readonly { readonly ExitCode: number; readonly Output: string }[] | null;
    };
  };
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { HostPort: string }[] | null>> | null;
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> | null;
  };
}

export interface Image {
  readonly Id: string;
  readonly Architecture: string;
  readonly Os: string;
  readonly Size: number;
  readonly RepoDigests: readonly string[] | null;
  readonly Config: { readonly ExposedPorts?: Readonly<Record<string, unknown>> | null };
}

export function containerName(app: string, slot: Slot): string {
  return `cutover-${app}-${slot}`;
}

/** Holds the image of a release for as long as the release is kept. */
export function imageName(app: string, release: string): string {
  return `cutover-${app}:${release}`;
}

/** A container of the same name that somebody else made has not these. */
export function isOurs({ Config }: Container, app: string, slot: Slot): boolean {
  return Config.Labels?.['cutover.app'] === app && Config.Labels['cutover.slot'] === slot;
}

/** Lies where the other runtimes have theirs. */
export function environmentFile({ state }: Config, slot: Slot): string {
  return path.join(state, 'slots', slot, 'env');
}

const standardPort = 8080;

export function portInside({ container }: Config, { Config }: Image): number {
  const exposed = Object.keys(Config.ExposedPorts ?? {}).flatMap((name) => /^(\d+)\/tcp$/.exec(name)?.[1] ?? []);
  return container.port ?? (exposed.length === 1 ? Number(exposed[0]) : standardPort);
}

/**
 * Words for `docker run`. Variables go through a private file, so that no secret is ever in a list of
 * processes; until it is proven a release does not come back by itself. It is published on the
 * loopback address alone: a published port goes around the host's firewall.
 */
export function runWords(
  config: Config,
  slot: Slot,
  { release, port, argv, user }: Launch,
  { inside, inherited }: { inside: number; inherited: readonly string[] },
): readonly string[] {
  const { app, container, logSize, grace } = config;
  const given = (name: string, value: string | number | undefined) =>
    value === undefined ? [] : [`--${name}=${value}`];
  return [
    'run',
    '--detach',
    `--name=${containerName(app, slot)}`,
    `--label=cutover.app=${app}`,
    `--label=cutover.slot=${slot}`,
    `--label=cutover.release=${release.id}`,
    ...(container.published ? [`--publish=127.0.0.1:${port}:${inside}`] : []),
    `--env-file=${environmentFile(config, slot)}`,
    ...inherited.map((name) => `--env=${name}`),
    '--restart=no',
    '--pull=never',
    `--stop-timeout=${Math.ceil(grace / 1000)}`,
    '--log-driver=json-file',
    `--log-opt=max-size=${logSize}`,
    `--log-opt=max-file=${container.logFiles}`,
    ...(container.init ? ['--init'] : []),
    ...given('network', container.network),
    ...given('ip', container.addresses?.[slot]),
    ...given('memory', container.memory),
    ...given('cpus', container.cpus),
    ...given('user', user),
    ...container.volumes.map((volume) => `--volume=${volume}`),
    '--',
    release.artifact,
    ...argv,
  ];
}
