import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { asFailure, exitCodes, type FailureFields } from '../core/failure.ts';
import { differencesOf, serverStatus, type FleetStatus, type ServerStatus } from '../core/fleet-status.ts';
import { limited } from './fleet.ts';
import { openedToLook, type MainOptions } from './main-options.ts';
import { paintFor } from './render/paint.ts';
import { differencesText, fleetStatusHead, fleetStatusRow } from './render/fleet-status.ts';
import type { Targets } from './targets.ts';

/** How long those that have answered wait for the others before they are shown, and how long all are waited for; ms. */
const patience = 900;
const longest = 5000;

/** Every server in one table. One that hangs keeps no other from being shown. */
export async function showFleet({ config, each }: Targets, options: MainOptions): Promise<number> {
  const answered = new Map<string, ServerStatus>();
  const paint = paintFor(process.stdout);
  const names = each.map(({ server }) => server?.name ?? '');
  const roles = each.some(({ server }) => server?.role !== undefined);
  const show = (status: ServerStatus) =>
    options.json || process.stdout.write(fleetStatusRow(status, names, roles, Date.now(), paint));
  let shown = false;
  const asked = limited(each, async (one) => {
    const status = await statusOfOne(one);
    if (answered.has(status.name)) return;
    answered.set(status.name, status);
    if (shown) show(status);
  });
  await withIn(patience, asked);
  if (!options.json) process.stdout.write(fleetStatusHead(config.app, names, roles, paint));
  for (const name of names) for (const status of [answered.get(name) ?? []].flat()) show(status);
  shown = true;
  await withIn(longest - patience, asked);
  for (const one of each.filter(({ server }) => !answered.has(server?.name ?? ''))) {
    const status = silent(one, { code: 'NO_ANSWER', what: `no answer for ${longest / 1000} s` });
    answered.set(status.name, status);
    show(status);
  }
  const servers = names.flatMap((name) => answered.get(name) ?? []);
  const document: FleetStatus = { version: 1, app: config.app, servers, differences: differencesOf(servers) };
  process.stdout.write(options.json ? `${JSON.stringify(document)}\n` : differencesText(document, paint));
  return exitCodes.done;
}

async function withIn(time: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([work, sleep(time, undefined, { ref: false })]);
}

async function statusOfOne(config: Config): Promise<ServerStatus> {
  const name = config.server?.name ?? '';
  try {
    return await serverStatus(name, await openedToLook(config));
  } catch (error) {
    return silent(config, asFailure(error).fields);
  }
}

function silent({ server }: Config, { code, what, why, fix }: FailureFields): ServerStatus {
  const nothing = { status: null, digest: null, configuration: null };
  return { name: server?.name ?? '', role: server?.role ?? null, ...nothing, failure: { code, what, why, fix } };
}
