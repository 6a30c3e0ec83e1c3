import { checksFor } from './checks.ts';
import type { Context } from './context.ts';
import { unknown, type Check, type Finding, type Group, type Verdict } from './finding.ts';

/** The document of `doctor --json`. */
export interface Report {
  version: 1;
  app: string | null;
  /** False: at least one finding is `wrong`. */
  ok: boolean;
  counts: Readonly<Record<Verdict, number>>;
  findings: readonly Examined[];
}

export interface Examined {
  id: string;
  group: Group;
  trap: number | null;
  title: string;
  verdict: Verdict;
  says: string;
  fix: string | null;
}

/** Looks for every known trap, all at once. */
export async function examine(context: Context): Promise<Report> {
  const found = await Promise.all(
    checksFor(context.config).map(async (check) => examined(check, await tried(check, context))),
  );
  return reportOf(context.config.app, found);
}

export function reportOf(app: string | null, findings: readonly Examined[]): Report {
  const count = (verdict: Verdict) => findings.filter((finding) => finding.verdict === verdict).length;
  return {
    version: 1,
    app,
    ok: count('wrong') === 0,
    counts: {
      fine: count('fine'),
      note: count('note'),
      warning: count('warning'),
      wrong: count('wrong'),
      unknown: count('unknown'),
      later: count('later'),
    },
    findings,
  };
}

export function examined({ id, group, trap, title }: Omit<Check, 'check'>, finding: Finding): Examined {
  const { verdict, says, fix } = finding;
  return { id, group, trap: trap ?? null, title, verdict, says, fix: fix ?? null };
}

async function tried({ check }: Check, context: Context): Promise<Finding> {
  try {
    return await check(context);
  } catch (error) {
    const forbidden = error instanceof Error && 'code' in error && ['EACCES', 'EPERM'].includes(String(error.code));
    return unknown(
      error instanceof Error ? error.message : String(error),
      forbidden ? 'ask as root: `sudo cutover doctor`' : undefined,
    );
  }
}
