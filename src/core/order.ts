import path from 'node:path';
import { parseLines } from '../lib/json-lines.ts';
import { exitCodes, Failure } from './failure.ts';
import { unfinishedOf, deploymentsOf } from './journal.ts';
import type { World } from './world.ts';

/** What a person says to a deploy that is under way. `all`: past every stage that is left. */
export type Instruction = 'promote' | 'all' | 'pause' | 'abort';

/** Lies in the state directory until the deploy takes it. */
export interface Order {
  deployment: string;
  what: Instruction;
  by: string;
}

const interval = 50;
/** A deploy looks at its orders between two steps, and all the time while it watches. */
const patience = 120_000;

function orderFile({ config }: World): string {
  return path.join(config.state, 'order.json');
}

/** Undefined: there is none for this deployment. */
export async function takeOrder(world: World, deployment: string): Promise<Order | undefined> {
  const order = parsed(await world.host.read(orderFile(world)));
  if (order === undefined) return undefined;
  await world.host.run(['rm', '-f', '--', orderFile(world)]);
  return order.deployment === deployment ? order : undefined;
}

/** Between two steps; while it watches, a deploy hears the others too. */
export async function mustNotBeAborted(world: World, deployment: string): Promise<void> {
  const { shift, watch } = world.config.progressive;
  if (shift === undefined && watch.time === 0) return;
  const order = parsed(await world.host.read(orderFile(world)));
  if (order?.what === 'abort' && (await takeOrder(world, deployment))) throw aborted(order);
}

function parsed(text = ''): Order | undefined {
  return parseLines<Order>(text)[0];
}

/** Returns once the deploy has taken it. */
export async function giveOrder(world: World, what: Instruction, signal: AbortSignal): Promise<string> {
  const { host, store, clock, who } = world;
  const running = await runningDeployment(world);
  const order: Order = { deployment: running, what, by: who };
  await host.write(orderFile(world), `${JSON.stringify(order)}\n`, { mode: 0o600 });
  for (const end = clock.elapsed() + patience; clock.elapsed() < end; await clock.sleep(interval, signal)) {
    if ((await host.read(orderFile(world))) === undefined) return running;
    if (!(await store.lockOwner())?.alive) break;
  }
  await host.run(['rm', '-f', '--', orderFile(world)]);
  throw notTaken(running);
}

async function runningDeployment({ store }: World): Promise<string> {
  const unfinished = unfinishedOf(deploymentsOf(await store.journal()));
  const alive = (await store.lockOwner())?.alive ?? false;
  if (unfinished && alive) return unfinished.deployment;
  throw new Failure({
    code: 'NOTHING_UNDER_WAY',
    exit: exitCodes.usage,
    what: 'no deploy is under way',
    why: unfinished ? `${unfinished.command} ${unfinished.deployment} was interrupted` : 'the last one is finished',
    fix: unfinished ? '`cutover recover` puts it back' : '`cutover status` shows what is',
  });
}

export function aborted({ by }: Order): Failure {
  return new Failure({ code: 'ABORTED', what: `aborted by ${by}`, fix: 'deploy again when it is mended' });
}

function notTaken(deployment: string): Failure {
  return new Failure({
    code: 'ORDER_NOT_TAKEN',
    what: `deployment ${deployment} did not hear it`,
    why: 'it ended, or its step takes long',
    fix: '`cutover status` shows where it stands',
  });
}
