import type { Finished, Running } from '../../lab/machine-run.ts';
import { until } from './until.ts';

/** One line of what `--json` prints. */
export type Told = Readonly<Record<string, unknown>> & { type: string; server?: string };

export interface Outcome {
  outcome: string;
  release: string | null;
  lost: number | null;
  failure: { code: string; what: string } | null;
}

/** Only a bug takes this long. */
const patience = 60_000;

export function eventsOf({ stdout }: Pick<Finished, 'stdout'>): readonly Told[] {
  const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Told);
}

/** What became of each server. */
export function outcomesOf(finished: Finished): Readonly<Record<string, Outcome>> {
  const told = eventsOf(finished).find(({ type }) => type === 'fleet');
  if (!told) throw new Error(`nothing is told of the servers: ${finished.stdout}${finished.stderr}`);
  const servers = told['servers'] as readonly (Outcome & { name: string })[];
  return Object.fromEntries(servers.map(({ name, ...outcome }) => [name, outcome]));
}

/** `shop1 done`, in the order of the file. */
export function wordsOf(finished: Finished): readonly string[] {
  return Object.entries(outcomesOf(finished)).map(([name, { outcome, release }]) => `${name} ${outcome} ${release}`);
}

export function failureOf(finished: Finished): Told {
  const told = eventsOf(finished).find(({ type }) => type === 'failure');
  if (!told) throw new Error(`no failure is told: ${finished.stdout}${finished.stderr}`);
  return told;
}

/** Waits until a command that runs with `--json` has told such an event. */
export async function tells(running: Running, what: string, isIt: (event: Told) => boolean): Promise<void> {
  let ended: Finished | undefined;
  void running.done.then((finished) => (ended = finished));
  let seen = 0;
  await until(
    () => {
      const { stdout, stderr } = running.output();
      if (stdout.length > seen && eventsOf({ stdout }).some(isIt)) return true;
      seen = stdout.length;
      if (ended) throw new Error(`it ended before ${what}: ${ended.code}\n${stderr}${stdout}`);
      return false;
    },
    patience,
    what,
  );
}

export async function reaches(running: Running, server: string, hook: string): Promise<void> {
  await tells(running, `${hook} on ${server}`, ({ type, server: on, step }) => {
    const { hook: name } = (step ?? {}) as { hook?: string };
    return type === 'step' && on === server && name === hook;
  });
}
