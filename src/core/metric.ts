import type { Metric } from '../config/progressive.ts';
import { endsWithUs } from './hook.ts';
import { filledCommand } from './placeholders.ts';
import type { Slot } from './slot.ts';
import { takenBack } from './verdict.ts';
import type { World } from './world.ts';

const timeout = 5000;

interface Look {
  readonly metric: Metric;
  next: number;
  misses: number;
  last: string;
}

/** Looks at the user's own numbers when each is due; rejects when one was bad so many times in a row. */
export function metricLooks(world: World, slot: Slot, signal: AbortSignal): () => Promise<void> {
  const { clock, config } = world;
  const looks = config.progressive.watch.metrics.map((metric): Look => ({ metric, next: 0, misses: 0, last: '' }));
  return async () => {
    const due = looks.filter(({ next }) => clock.elapsed() >= next);
    for (const look of due) look.next = clock.elapsed() + look.metric.every;
    await Promise.all(due.map((look) => lookAt(world, slot, look, signal)));
  };
}

async function lookAt(world: World, slot: Slot, look: Look, signal: AbortSignal): Promise<void> {
  const { name, max = Infinity, min = -Infinity, misses } = look.metric;
  const answer = await answerOf(world, slot, look.metric, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  });
  const value = Number(answer.trim() === '' ? Number.NaN : answer);
  const good = value <= max && value >= min;
  look.misses = good ? 0 : look.misses + 1;
  look.last = Number.isNaN(value) ? `no number: ${answer.trim().slice(0, 200) || 'nothing'}` : String(value);
  if (look.misses < misses) return;
  const wanted = [max === Infinity ? '' : `at most ${max}`, min === -Infinity ? '' : `at least ${min}`];
  const why = `it must be ${wanted.filter(Boolean).join(' and ')}, and was not ${misses} times in a row`;
  throw takenBack({ code: 'METRIC_BAD', what: `${name} is ${look.last}`, why });
}

async function answerOf({ host, config }: World, slot: Slot, { from }: Metric, signal: AbortSignal): Promise<string> {
  if ('command' in from) {
    const values = { slot, port: String(config.slots[slot]), release: '', server: config.server?.name ?? host.me.host };
    const argv = [...endsWithUs, ...filledCommand({ argv: from.command, shell: false }, values)];
    const { code, stdout, stderr } = await host.run(argv, { deadline: timeout, signal });
    if (code !== 0) throw new Error(`exit code ${code} ${stderr}`);
    return stdout;
  }
  const url = 'url' in from ? from.url : `${from.prometheus}/api/v1/query?query=${encodeURIComponent(from.query)}`;
  const { status, body } = await host.request({ url, timeout, signal });
  if (status !== 200) throw new Error(`answered ${status}${'url' in from ? '' : reasonIn(body)}`);
  return 'url' in from ? body : firstValue(body);
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
