/** Exit codes of the command, as the documentation promises them. */
export const exitCodes = {
  done: 0,
  bug: 1,
  usage: 2,
  configuration: 3,
  locked: 4,
  safe: 5,
  needsPerson: 6,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export interface FailureFields {
  /** Stable name for machines, e.g. `HEALTH_TIMEOUT`. */
  code: string;
  /** What happened, one line. */
  what: string;
  /** Why, may have several lines. */
  why?: string | undefined;
  /** What to do or type. */
  fix?: string | undefined;
  /** Where the public traffic is now; filled in by the executor. */
  traffic?: string | undefined;
  /** What was left behind; filled in by the executor. */
  left?: string | undefined;
  /** Defaults to 5: failed, traffic safe on the release that had it. */
  exit?: ExitCode | undefined;
}

/** Something that was foreseen to go wrong. Anything else that is thrown is a bug. */
export class Failure extends Error {
  readonly fields: FailureFields;

  constructor(fields: FailureFields, cause?: unknown) {
    super(fields.what, { cause });
    this.name = 'Failure';
    this.fields = fields;
  }

  get exit(): ExitCode {
    return this.fields.exit ?? exitCodes.safe;
  }
}

/** The server cannot be asked any more; what is under way there comes to its end without us. */
export function isLost(error: unknown): boolean {
  return error instanceof Failure && error.fields.code === 'CONNECTION_LOST';
}

/** The same failure, told with more of what is known now. Facts that it already carries win. */
export function completed(failure: Failure, known: Partial<FailureFields>): Failure {
  return new Failure({ ...known, ...definedOnly(failure.fields) }, failure.cause);
}

/** Any error as a failure. What nobody foresaw keeps its error as the cause, whose stack is printed. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const what = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && 'syscall' in error)
    return new Failure({ code: 'SYSTEM', what, fix: '`cutover doctor` looks at disk, memory and rights' });
  return new Failure({ code: 'BUG', exit: exitCodes.bug, what }, error);
}

function definedOnly(fields: FailureFields): FailureFields {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as unknown as FailureFields;
}
