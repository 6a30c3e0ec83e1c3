import * as z from 'zod';
import { placeholders, readCommand } from './command.ts';
import { duration, text } from './values.ts';

const written = z.union([z.string(), z.array(text)], {
  error: 'must be a line or a list of words',
});

/** A line or a list of words, read as an argument list. No shell. */
export function commandLine(known = placeholders) {
  return written.transform((given, context): readonly string[] =>
    argvOf(given, { shell: false, known, path: [] }, context),
  );
}

const deadline = duration(1).prefault('60s');

export function hook(known = placeholders) {
  return z.union(
    [
      commandLine(known).transform((argv) => ({ argv, shell: false, deadline: 60_000 })),
      z
        .strictObject({
          run: written.meta({ description: 'The command: a line or a list of words.', samples: ['flyway migrate'] }),
          shell: z.boolean().prefault(false).meta({ description: 'Gives the line to `sh -c`.' }),
          deadline: deadline.meta({ description: 'Longest time the command may take.' }),
        })
        .transform(({ run, shell, deadline: longest }, context) => ({
          argv: argvOf(run, { shell, known, path: ['run'] }, context),
          shell,
          deadline: longest,
        })),
    ],
    { error: 'must be a line, a list of words, or run, shell and deadline' },
  );
}

export const hooks = z.strictObject({
  before_start: at('Before the new release is started, for example to migrate the database.', './migrate.sh {release}'),
  after_start: at(
    'When the new release is healthy and gets no traffic yet, for example to warm it up.',
    'curl -sf http://127.0.0.1:{port}/warm-up',
  ),
  before_switch: at('Right before the switch: the last chance to say no.', './smoke-test.sh {port}'),
  after_switch: at(
    'When the new release has the traffic and the front door has confirmed it.',
    './notify.sh {release}',
  ),
  after_failure: at('When a deployment has failed and everything is put back.', './alarm.sh {release}'),
  activate: at(
    'When a slot becomes the live one: starts what must run only once, such as schedulers and consumers.',
    'curl -sf -XPOST http://127.0.0.1:{port}/jobs/start',
  ),
  deactivate: at(
    'When a slot stops being the live one: stops what `activate` started.',
    'curl -sf -XPOST http://127.0.0.1:{port}/jobs/stop',
  ),
});

function at(description: string, example: string) {
  return hook()
    .optional()
    .meta({ description, samples: [example] });
}

function argvOf(
  given: string | readonly string[],
  { shell, known, path }: { shell: boolean; known: readonly string[]; path: readonly string[] },
  context: { readonly issues: z.core.$ZodRawIssue[] },
): readonly string[] {
  const read = readCommand(given, shell, known);
  if ('argv' in read) return read.argv;
  for (const { word, message } of read) {
    context.issues.push({
      code: 'custom',
      path: word === undefined ? [...path] : [...path, word],
      message,
      input: given,
    });
  }
  return [];
}
