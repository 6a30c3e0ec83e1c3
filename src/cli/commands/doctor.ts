import { asFailure, exitCodes, Failure } from '../../core/failure.ts';
import { examine, examined, reportOf, type Report } from '../../doctor/examine.ts';
import { wrong } from '../../doctor/finding.ts';
import { composeDoctor } from '../compose-doctor.ts';
import { configOf, type MainOptions } from '../main-options.ts';
import { doctorText } from '../render/doctor.ts';
import { paintFor } from '../render/paint.ts';

/** Exit code 5 when something is wrong; warnings are no failure. */
export default async function doctorCommand(options: MainOptions): Promise<number> {
  const isRoot = process.getuid?.() === 0;
  const report = await reported(options);
  const paint = paintFor(process.stdout);
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : doctorText(report, isRoot, paint));
  return report.ok ? exitCodes.done : exitCodes.safe;
}

/** Without a configuration there is one finding: what is wrong with it. */
async function reported(options: MainOptions): Promise<Report> {
  const config = await configOf(options).catch((error: unknown) => unreadable(error));
  if (!(config instanceof Failure)) return examine(await composeDoctor(config));
  const { what, why, fix } = config.fields;
  const title = { id: 'configuration', group: 'deployments', trap: undefined, title: 'cutover.yaml' } as const;
  return reportOf(null, [examined(title, wrong([what, why].filter(Boolean).join('\n'), fix ?? 'correct it'))]);
}

function unreadable(error: unknown): Failure {
  const failure = asFailure(error);
  if (failure.exit === exitCodes.configuration) return failure;
  throw error;
}
