import type { Metric } from '../../config/progressive.ts';
import { metricOf, wantedOf } from '../../core/metric.ts';
import { whenDeployed, type Deployed } from '../context.ts';
import { fine, warning, wrong, type Check, type Finding } from '../finding.ts';

/** The very questions that a watch will ask, about the release that is live now. */
export const metrics: Check = {
  id: 'watch-metrics',
  group: 'deployments',
  trap: undefined,
  title: 'numbers of your own',
  check: whenDeployed(async (context) => {
    const found = await Promise.all(context.config.progressive.watch.metrics.map((metric) => lookAt(context, metric)));
    const worst =
      found.find(({ verdict }) => verdict === 'wrong') ?? found.find(({ verdict }) => verdict === 'warning');
    return worst ?? fine(found.map(({ says }) => says).join(', '));
  }),
};

async function lookAt({ world, view, live }: Deployed, metric: Metric): Promise<Finding> {
  const about = { slot: live, release: view.slots[live].release };
  const { text, isNumber, isGood } = await metricOf(world, about, metric, new AbortController().signal);
  const says = `${metric.name} is ${text}`;
  if (!isNumber) return wrong(`${says}; no deploy would pass`, 'mend it in `watch.metrics`');
  if (isGood) return fine(`${says} (${wantedOf(metric)})`);
  return warning(
    `${says}, and must be ${wantedOf(metric)}: a deploy now would be taken back`,
    'is it so with the live release?',
  );
}
