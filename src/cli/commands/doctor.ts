import { asFailure, exitCodes, Failure } from '../../core/failure.ts';
import { examine, examined, reportOf, type Examined, type Report } from '../../doctor/examine.ts';
import { wrong } from '../../doctor/finding.ts';
import { hostOf } from '../compose.ts';
import { eachServer } from '../each-server.ts';
import { composeDoctor } from '../compose-doctor.ts';
import type { MainOptions } from '../main-options.ts';
import { targetsOf } from '../targets.ts';
import { doctorText } from '../render/doctor.ts';
import { paintFor } from '../render/paint.ts';

/** Exit code 5 when something is wrong; warnings are no failure. */
export default async function doctorCommand(options: MainOptions): Promise<number> {
  const targets = await targetsOf(options).catch((error: unknown) => unreadable(error));
  if (targets instanceof Failure)
    return told(reportOf(null, [unreadableFinding(targets)]), process.getuid?.(), options);
  return eachServer(targets, async (config) => {
    const host = await hostOf(config);
    return told(await examine(await composeDoctor(host, config)), host.me.uid, options);
  });
}

function told(report: Report, uid: number | undefined, options: MainOptions): number {
  const paint = paintFor(process.stdout);
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : doctorText(report, uid === 0, paint));
  return report.ok ? exitCodes.done : exitCodes.safe;
}

/** Without a configuration there is one finding: what is wrong with it. */
function unreadableFinding({ fields: { what, why, fix } }: Failure): Examined {
  const title = { id: 'configuration', group: 'deployments', trap: undefined, title: 'cutover.yaml' } as const;
  return examined(title, wrong([what, why].filter(Boolean).join('\n'), fix ?? 'correct it'));
}

function unreadable(error: unknown): Failure {
  const failure = asFailure(error);
  if (failure.exit === exitCodes.configuration) return failure;
  throw error;
}
