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

interface Options extends MainOptions {
  root?: boolean;
}

/** Exit code 5 when something is wrong; warnings are no failure. */
export default async function doctorCommand(options: Options): Promise<number> {
  const targets = await targetsOf(options).catch((error: unknown) => unreadable(error));
  if (targets instanceof Failure)
    return told(reportOf(null, [unreadableFinding(targets)]), process.getuid?.(), options);
  return eachServer(targets, options, async (config, server) => {
    const host = await hostOf(config, { elevated: options.root ?? false });
    const deployer = options.root ? await hostOf(config) : host;
    const report = await examine(await composeDoctor(host, config, deployer));
    return told(host.me.remote ? overSsh(report) : report, host.me.uid, options, server);
  });
}

/** What is typed on the server itself is said otherwise from here. */
function overSsh(report: Report): Report {
  const said = (text: string) =>
    text.replaceAll('sudo cutover doctor', 'cutover doctor --root').replaceAll('sudo cutover ', 'cutover ');
  const findings = report.findings.map((finding) => ({
    ...finding,
    says: said(finding.says),
    ...(finding.fix ? { fix: said(finding.fix) } : {}),
  }));
  return { ...report, findings };
}

function told(report: Report, uid: number | undefined, options: MainOptions, server?: string): number {
  const paint = paintFor(process.stdout);
  process.stdout.write(
    options.json
      ? `${JSON.stringify(server === undefined ? report : { server, ...report })}\n`
      : doctorText(report, uid === 0, paint),
  );
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
