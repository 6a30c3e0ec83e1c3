import path from 'node:path';
import type { Config, Hook } from '../config/config.ts';
import { asFailure, Failure } from '../core/failure.ts';
import type { Fleet, FleetEvent, FleetResult, FleetServer } from '../core/fleet.ts';
import { filledCommand } from '../core/placeholders.ts';
import { thisMachine } from './compose.ts';
import { opened, reporterOf, type MainOptions } from './main-options.ts';
import { fleetEventText, fleetText } from './render/fleet.ts';
import { paintFor } from './render/paint.ts';
import type { Summary } from './summary.ts';
import type { Targets } from './targets.ts';

/** Handshakes at a time: they are what costs, and a server that hangs holds one place only. */
const atOnce = 32;

/** All servers connected, or none is touched. */
export async function openFleet({ config, each }: Targets, options: MainOptions): Promise<Fleet> {
  const servers = await connected(each, (one) => fleetServer(one, options));
  const { waves, watch, onFailure } = config.rollout;
  return {
    servers,
    waves,
    watch,
    onFailure,
    around: (when, server, release) => aroundServer(config, when, server, release),
    tell: (event) => tell(event, options),
  };
}

async function fleetServer(config: Config, options: MainOptions): Promise<FleetServer> {
  const reopen = () => opened(config, reporterOf(options, config, true));
  return { name: config.server?.name ?? 'this machine', world: await reopen(), reopen };
}

export async function connected<T>(configs: readonly Config[], open: (config: Config) => Promise<T>): Promise<T[]> {
  const outcomes = await limited(configs, async (config) => open(config).catch((error: unknown) => asFailure(error)));
  const failures = outcomes.flatMap((outcome, index) =>
    outcome instanceof Failure ? [{ name: configs[index]?.server?.name ?? '', failure: outcome }] : [],
  );
  const [first] = failures;
  if (!first) return outcomes as T[];
  throw new Failure(
    {
      ...first.failure.fields,
      what: `${first.name}: ${first.failure.fields.what}; no server was touched`,
      why: failures.map(({ name, failure: { fields } }) => `${name}: ${fields.why ?? fields.what}`).join('\n'),
      fix: `${first.failure.fields.fix ?? ''}; \`--skip ${failures.map(({ name }) => name).join(',')}\` goes on without`,
    },
    first.failure.cause,
  );
}

/** In the order given, so many at a time. */
export async function limited<A, B>(items: readonly A[], work: (item: A) => Promise<B>): Promise<readonly B[]> {
  const results: B[] = [];
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at] as A);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}

async function aroundServer(
  { rollout, file, app }: Config,
  when: 'before' | 'after',
  server: string,
  release: string | undefined,
): Promise<void> {
  const hook = when === 'before' ? rollout.beforeServer : rollout.afterServer;
  if (hook) await runHere(hook, `${when}_server`, { server, release: release ?? '' }, file, app);
}

async function runHere(
  hook: Hook,
  name: string,
  values: { server: string; release: string },
  file: string,
  app: string,
): Promise<void> {
  const { code, stdout, stderr, timedOut } = await thisMachine().run(filledCommand(hook, values), {
    deadline: hook.deadline,
    cwd: path.dirname(file),
    env: { CUTOVER_APP: app, CUTOVER_SERVER: values.server, CUTOVER_RELEASE: values.release, CUTOVER_HOOK: name },
  });
  if (code === 0) return;
  throw new Failure({
    code: 'HOOK_FAILED',
    what: `the hook rollout.${name} failed for ${values.server}`,
    why: `${timedOut ? 'not done in time' : `exit code ${code}`}\n${`${stdout}${stderr}`.trim()}`.trim(),
    fix: 'mend it; it runs on the machine that `cutover` is called on',
  });
}

function tell(event: FleetEvent, { json }: MainOptions): void {
  if (json) process.stdout.write(`${JSON.stringify(event)}\n`);
  else process.stderr.write(fleetEventText(event, paintFor(process.stderr)));
}

/** What became of each, last. */
export function endFleet(
  { config, each }: Targets,
  { results: unsorted, failure }: FleetResult,
  { json }: MainOptions,
): Summary {
  const order = each.map(({ server }) => server?.name);
  const results = unsorted.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  if (json) {
    const servers = results.map(({ name, outcome, release, finished, failure: its }) => ({
      name,
      outcome,
      release: release ?? null,
      requests: finished?.end.requests ?? null,
      lost: finished?.end.lost ?? null,
      failure: its ? { code: its.fields.code, what: its.fields.what } : null,
    }));
    process.stdout.write(`${JSON.stringify({ type: 'fleet', servers })}\n`);
  } else process.stdout.write(fleetText(results, paintFor(process.stdout)));
  return { app: config.app, results, failure };
}
