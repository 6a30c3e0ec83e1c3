import { asFailure, exitCodes, Failure } from '../../core/failure.ts';
import { examine, examined, reportOf, type Report } from '../../doctor/examine.ts';
import { wrong } from '../../doctor/finding.ts';
import { hostOf } from '../compose.ts';
import { composeDoctor } from '../compose-doctor.ts';
import type { MainOptions } from '../main-options.ts';
import { targetOf } from '../targets.ts';
import { doctorText } from '../render/doctor.ts';
import { paintFor } from '../render/paint.ts';

/** Exit code 5 when something is wrong; warnings are no failure. */
export default async function doctorCommand(options: MainOptions): Promise<number> {
  const { report, isRoot } = await reported(options);
  const paint = paintFor(process.stdout);
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : doctorText(report, isRoot, paint));
  return report.ok ? exitCodes.done : exitCodes.safe;
}

/** Without a configuration there is one finding: what is wrong with it. */
async function reported(options: MainOptions): Promise<{ report: Report; isRoot: boolean }> {
  const config = await targetOf(options).catch((error: unknown) => unreadable(error));
  if (!(config instanceof Failure)) {
    const host = await hostOf(config);
    const isRoot = host.me.uid === 0;
    return { report: await examine(await composeDoctor(host, config)), isRoot };
  }
  const { what, why, fix } = config.fields;
  const title = { id: 'configuration', group: 'deployments', trap: undefined, title: 'cutover.yaml' } as const;
  const found = wrong([what, why].filter(Boolean).join('\n'), fix ?? 'correct it');
  return { report: reportOf(null, [examined(title, found)]), isRoot: process.getuid?.() === 0 };
}

function unreadable(error: unknown): Failure {
  const failure = asFailure(error);
  if (failure.exit === exitCodes.configuration) return failure;
  throw error;
}
