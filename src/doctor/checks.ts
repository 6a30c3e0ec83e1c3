import type { Config } from '../config/config.ts';
import { artifact, program } from './checks/artifact.ts';
import { deadlines } from './checks/deadlines.ts';
import { disk, releases } from './checks/disk.ts';
import { kernelChecks } from './checks/kernel.ts';
import { fileCache } from './checks/file-cache.ts';
import { healthPath, healthStrict, standbyHealth } from './checks/health.ts';
import { include } from './checks/include.ts';
import { lock, oneAtATime, unfinished } from './checks/lock.ts';
import { lastOutcome, logs, logSizes } from './checks/logs.ts';
import { memory } from './checks/memory.ts';
import { metrics } from './checks/metrics.ts';
import { frontDoor, here, running, tested } from './checks/nginx-program.ts';
import { processOwner, stateOwner } from './checks/owner.ts';
import { ownPort, portOwner } from './checks/ports.ts';
import { forwarded, forwardStrategy, prefix, streams } from './checks/proxying.ts';
import { nginxReboot, reboot } from './checks/reboot.ts';
import { rollback, schedulers } from './checks/rollback.ts';
import { servers } from './checks/servers.ts';
import { setUp, upToDate } from './checks/set-up.ts';
import { crashes, drain, stopping } from './checks/stopping.ts';
import { oldWorkers, switching, visible } from './checks/switching.ts';
import { keepalive } from './checks/upstream.ts';
import { identity, served, witnesses } from './checks/witnesses.ts';
import type { Check } from './finding.ts';

/** What is nginx's is not looked for where the kernel switches, and the other way round. */
export function checksFor({ router, progressive }: Config): readonly Check[] {
  const asked = progressive.watch.metrics.length > 0 ? checks : checks.filter((check) => check !== metrics);
  if (router.mode !== 'l4' && router.mode !== 'none') return asked;
  const all = asked.filter(({ group, id }) => group !== 'nginx' && !ofNginx.includes(id));
  if (router.mode === 'none') return all;
  const at = all.findIndex(({ group }) => group === 'server');
  return [...all.slice(0, at), ...kernelChecks, ...all.slice(at)];
}

/** In other groups, and about nginx all the same. */
const ofNginx = ['forward-headers-strategy', 'nginx-reboot'];

/** Every trap that is known, in the order in which they are shown. */
export const checks: readonly Check[] = [
  setUp,
  upToDate,
  witnesses,
  frontDoor,
  served,
  switching,
  identity,
  ownPort,
  portOwner,
  program,
  healthPath,
  healthStrict,
  crashes,
  stopping,
  logs,
  processOwner,
  forwardStrategy,
  running,
  here,
  tested,
  include,
  visible,
  fileCache,
  prefix,
  forwarded,
  streams,
  keepalive,
  oldWorkers,
  reboot,
  nginxReboot,
  memory,
  disk,
  logSizes,
  stateOwner,
  servers,
  artifact,
  lastOutcome,
  unfinished,
  lock,
  oneAtATime,
  deadlines,
  drain,
  metrics,
  standbyHealth,
  rollback,
  schedulers,
  releases,
];
