import type { Metric } from '../config/progressive.ts';
import { endsWithUs } from './hook.ts';
import { filled, filledCommand } from './placeholders.ts';
import { commandFolder, valuesOf, variablesOf, type About } from './user-command.ts';
import { takenBack } from './verdict.ts';
import type { World } from './world.ts';

const timeout = 5000;

/** What was seen of one of the user's own numbers, from stage to stage. */
export interface MetricLook {
  readonly metric: Metric;
  /** When it is due, by the clock that never jumps. */
  next: number;
  misses: number;
}

export interface MetricSeen {
  /** The number, or why it is none, for people. */
  readonly text: string;
  readonly isNumber: boolean;
  readonly isGood: boolean;
}

export function metricLooks({ config }: World): readonly MetricLook[] {
  return config.progressive.watch.metrics.map((metric) => ({ metric, next: 0, misses: 0 }));
}

/** Looks at each number that is due; rejects when one was bad so many times in a row. */
export async function lookAtMetrics(
  world: World,
  about: About,
  looks: readonly MetricLook[],
  signal: AbortSignal,
): Promise<void> {
  const now = world.clock.elapsed();
  await Promise.all(looks.filter(({ next }) => now >= next).map((look) => lookAt(world, about, look, signal)));
}

async function lookAt(world: World, about: About, look: MetricLook, signal: AbortSignal): Promise<void> {
  const { metric } = look;
  look.next = world.clock.elapsed() + metric.every;
  const seen = await metricOf(world, about, metric, signal);
  look.misses = seen.isGood ? 0 : look.misses + 1;
  if (look.misses >= metric.misses) throw bad(metric, seen);
}

/** One look at a number, about the release in a slot. */
export async function metricOf(world: World, about: About, metric: Metric, signal: AbortSignal): Promise<MetricSeen> {
  const { max = Infinity, min = -Infinity } = metric;
  const answer = await answerOf(world, about, metric, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  });
  const value = Number(answer.trim() === '' ? Number.NaN : answer);
  const isNumber = !Number.isNaN(value);
  const text = isNumber ? String(value) : `no number: ${answer.trim().slice(0, 200) || 'nothing'}`;
  return { text, isNumber, isGood: value <= max && value >= min };
}

/** `at most 100`, for people. */
export function wantedOf({ max, min }: Metric): string {
  const wanted = [max === undefined ? '' : `at most ${max}`, min === undefined ? '' : `at least ${min}`];
  return wanted.filter(Boolean).join(' and ');
}

function bad(metric: Metric, { text, isNumber }: MetricSeen): Error {
  return takenBack({
    code: 'METRIC_BAD',
    what: `${metric.name} is ${text}`,
    why: `it must be ${wantedOf(metric)}, and was not ${metric.misses} times in a row`,
    ...(isNumber ? {} : { fix: 'mend it in `watch.metrics`: `cutover doctor` asks it too; then deploy again' }),
  });
}

async function answerOf(world: World, about: About, { from }: Metric, signal: AbortSignal): Promise<string> {
  if ('command' in from) {
    const command = { argv: from.command, shell: false };
    const argv = [...endsWithUs, ...filledCommand(command, await valuesOf(world, about, from.command))];
    const options = { deadline: timeout, signal, cwd: commandFolder(world), env: variablesOf(world, about) };
    const { code, stdout, stderr } = await world.host.run(argv, options);
    if (code !== 0) throw new Error(`exit code ${code} ${stderr}`);
    return stdout;
  }
  const values = await valuesOf(world, about, []);
  const url = 'url' in from ? filled(from.url, values) : queryUrl(from.prometheus, from.query, values);
  const { status, body } = await world.host.request({ url, timeout, signal });
  if (status !== 200) throw new Error(`answered ${status}${'url' in from ? '' : reasonIn(body)}`);
  return 'url' in from ? body : firstValue(body);
}

function queryUrl(prometheus: string, query: string, values: Readonly<Record<string, string>>): string {
  return `${filled(prometheus, values)}/api/v1/query?query=${encodeURIComponent(filled(query, values))}`;
}

/** Prometheus tells what it did not understand; a proxy before it does not. */
function reasonIn(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    return error === undefined ? '' : `: ${String(error)}`;
  } catch {
    return '';
  }
}

/** https://prometheus.io/docs/prometheus/latest/querying/api/: a vector's first value, or a scalar. */
function firstValue(body: string): string {
  const { data } = JSON.parse(body) as { data?: { resultType?: string; result?: unknown } };
  if (data?.resultType === 'scalar' && Array.isArray(data.result)) return String(data.result[1]);
  const [first] = Array.isArray(data?.result) ? (data.result as { value?: readonly unknown[] }[]) : [];
  return String(first?.value?.[1] ?? '');
}
