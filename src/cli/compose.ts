import path from 'node:path';
import type { Config } from '../config/config.ts';
import { stateActions } from '../core/setup.ts';
import type { Deployer, SetupWorld } from '../core/setup-action.ts';
import type { World } from '../core/world.ts';
import { fileArtifacts } from '../drivers/artifacts/files.ts';
import { localHost } from '../drivers/host/local.ts';
import { accessLog } from '../drivers/router/nginx/log-files.ts';
import { nginxChecks } from '../drivers/router/nginx/checks.ts';
import markerRouter from '../drivers/router/nginx/marker.ts';
import processRuntime from '../drivers/runtime/process.ts';
import systemdRuntime from '../drivers/runtime/systemd.ts';
import type { Manager } from '../drivers/runtime/unit.ts';
import { fileStore } from '../drivers/store/files.ts';
import { stateChecks } from '../drivers/store/checks.ts';
import { breakLock, lockOwner } from '../drivers/store/lock.ts';
import { actAsOwner } from './owner.ts';
import { whoWeAre } from './who.ts';
import { logTraffic } from '../drivers/traffic/log.ts';
import { systemClock } from '../lib/clock.ts';
import type { Artifacts, Host, LockOwner, Pools, Reporter, Router, Runtime, SetupAction } from '../ports.ts';

export interface HostOptions {
  /** The command changes something, so what it does must end with it. */
  guarded?: boolean;
  /** root's, by sudo where that is needed. */
  elevated?: boolean;
}

/** Where `cutover` was called. */
export const thisMachine: () => Host = localHost;

/** The server that the configuration is for: this machine, or another over ssh. */
export async function hostOf({ server }: Config, options: HostOptions = {}): Promise<Host> {
  if (server === undefined) return localHost();
  const { sshHost } = await import('../drivers/host/ssh/host.ts');
  return sshHost(server.address, options);
}

export interface HeldLock {
  owner: LockOwner;
  remove(): Promise<void>;
}

/** The lock of an app without the rest of it; undefined when nobody holds it. */
export async function composeLock(host: Host, config: Config): Promise<HeldLock | undefined> {
  await stateChecks(host, config);
  const folder = path.join(config.state, 'lock');
  const owner = await lockOwner(host, folder);
  return owner && { owner, remove: () => breakLock(host, folder) };
}

/** The only place that knows every driver. */
export async function compose(host: Host, config: Config, report: Reporter): Promise<World> {
  await actAsOwner(host, await stateChecks(host, config));
  const systemd = await managerOf(host, config);
  const router = await routerOf(host, config);
  return {
    config,
    host,
    router,
    report,
    artifacts: await artifactsOf(host, config),
    runtime: await runtimeOf(host, config, systemd),
    address: await addressOf(host, config),
    pools: await poolsOf(host, config),
    store: fileStore(host, config.state, host.me.remote ? whoWeAre() : undefined),
    clock: systemClock,
    checks: [...(await routerChecks(host, config)), ...(await unitChecksOf(host, config, systemd))],
    traffic: config.router.mode === 'managed' ? logTraffic(host, config, accessLog(config)) : undefined,
    who: whoWeAre(),
  };
}

export async function composeSetup(
  host: Host,
  config: Config,
  deployer: Deployer,
  report: (line: string) => void,
): Promise<{ world: SetupWorld; actions: () => Promise<readonly SetupAction[]> }> {
  const router = await routerOf(host, config);
  const actions = async () => [
    ...stateActions(config),
    ...(await unitActions(host, config, deployer)),
    ...(await router.install(deployer.name)),
  ];
  const checks = await routerChecks(host, config);
  return { world: { config, host, router, deployer, report, checks }, actions };
}

async function routerOf(host: Host, config: Config): Promise<Router> {
  if (config.router.mode === 'l4') {
    const { default: l4Router } = await import('../drivers/router/l4/router.ts');
    return l4Router(host, config);
  }
  if (config.router.mode === 'none') {
    const { default: noRouter } = await import('../drivers/router/none.ts');
    return noRouter(host, config);
  }
  if (config.router.mode !== 'classic') return markerRouter(host, config);
  const { default: classicRouter } = await import('../drivers/router/nginx/classic.ts');
  return classicRouter(host, config, systemClock);
}

async function routerChecks(host: Host, config: Config): Promise<World['checks']> {
  if (config.router.mode === 'none') return [];
  if (config.router.mode !== 'l4') return nginxChecks(host, config);
  const { l4Checks } = await import('../drivers/router/l4/checks.ts');
  return l4Checks(host, config);
}

async function artifactsOf(host: Host, config: Config): Promise<Artifacts> {
  if (config.runtime !== 'docker') return fileArtifacts(host, config);
  const { imageArtifacts } = await import('../drivers/artifacts/images.ts');
  return imageArtifacts(host, config);
}

async function addressOf(host: Host, config: Config): Promise<string | undefined> {
  if (config.router.mode !== 'l4') return undefined;
  const { publicAddress } = await import('../drivers/router/l4/address.ts');
  return publicAddress(host, config);
}

async function poolsOf(host: Host, config: Config): Promise<Pools | undefined> {
  if (!config.router.l4.pools) return undefined;
  const { l4Pools } = await import('../drivers/router/l4/pools.ts');
  return l4Pools(host, config);
}

async function runtimeOf(host: Host, config: Config, manager: Manager | undefined): Promise<Runtime> {
  if (config.router.l4.pools) {
    const { default: memberRuntime } = await import('../drivers/runtime/members.ts');
    return memberRuntime(host, config);
  }
  if (config.runtime === 'docker') {
    const { default: dockerRuntime } = await import('../drivers/docker/runtime.ts');
    return dockerRuntime(host, config);
  }
  if (manager) return systemdRuntime(host, config, manager);
  const { state, slots: ports, logSize, router } = config;
  return processRuntime(host, systemClock, { state, ports, logSize, protocol: router.l4.protocol });
}

async function unitChecksOf(host: Host, config: Config, manager: Manager | undefined): Promise<World['checks']> {
  if (!manager) return [];
  const { unitChecks } = await import('../drivers/runtime/systemd-setup.ts');
  return unitChecks(host, config, manager);
}

async function unitActions(host: Host, config: Config, deployer: Deployer): Promise<readonly SetupAction[]> {
  if (!(await usesSystemd(host, config))) return [];
  const { systemdSetup } = await import('../drivers/runtime/systemd-setup.ts');
  return systemdSetup(host, config, deployer);
}

async function managerOf(host: Host, config: Config): Promise<Manager | undefined> {
  if (!(await usesSystemd(host, config))) return undefined;
  const { uid } = host.me;
  return uid === 0 ? { of: 'system' } : { of: 'user', uid };
}

async function usesSystemd(host: Host, { runtime, router }: Config): Promise<boolean> {
  if (router.l4.pools) return false;
  if (runtime !== 'auto') return runtime === 'systemd';
  return (await host.read('/proc/1/comm'))?.trim() === 'systemd';
}
