import { Command, CommanderError, Option } from 'commander';
import { asFailure, exitCodes, type Failure } from '../core/failure.ts';
import { version } from './version.ts';

type Action = (options: Record<string, never>, ...words: string[]) => Promise<number | void>;

/** Parses argv, runs one command and answers with the exit code of the table in the documentation. */
export async function run(argv: readonly string[]): Promise<number> {
  const state = { code: 0 as number };
  try {
    await build((code) => (state.code = code)).parseAsync(argv);
    return state.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
    return tell(asFailure(error), argv.includes('--json'));
  }
}

async function tell(failure: Failure, json: boolean): Promise<number> {
  if (json) process.stdout.write(`${JSON.stringify({ type: 'failure', exit: failure.exit, ...failure.fields })}\n`);
  const [{ failureText }, { paintFor }] = await Promise.all([
    import('./render/failure.ts'),
    import('./render/paint.ts'),
  ]);
  process.stderr.write(failureText(failure, paintFor(process.stderr)));
  return failure.exit;
}

type Daily = keyof typeof import('./commands/daily.ts');

function daily(name: Daily): () => Promise<{ default: Action }> {
  return async () => ({ default: (await import('./commands/daily.ts'))[name] as Action });
}

function order(name: keyof typeof import('./commands/order.ts')): () => Promise<{ default: Action }> {
  return async () => ({ default: (await import('./commands/order.ts'))[name] as Action });
}

const collect = (name: string, names: readonly string[] = []) => [...names, name];
const only = new Option('--only <names>', 'these servers or roles of cutover.yaml, no others').argParser(collect);
const skip = new Option('--skip <names>', 'all servers but these').argParser(collect);
/** Commands that are about no server. */
const ofTheFolder = ['init'];

/** Each command's file is loaded only when that command runs. */
export function build(setCode: (code: number) => void): Command {
  const program = new Command('cutover')
    .description('Zero-downtime deployment: two slots, one switch, no request lost.')
    .version(version, '-V, --version')
    .showSuggestionAfterError()
    .exitOverride()
    .enablePositionalOptions();
  const add = (usage: string, description: string, load: () => Promise<{ default: Action }>) => {
    const command = program
      .command(usage)
      .description(description)
      .option('-c, --config <file>', 'configuration file (default: ./cutover.yaml)');
    if (!ofTheFolder.includes(usage)) command.addOption(only).addOption(skip);
    return command.action(async (...given: unknown[]) => {
      const words = given.slice(0, -2) as string[];
      const action = (await load()).default;
      const code = await action(command.opts(), ...words);
      if (typeof code === 'number') setCode(code);
    });
  };
  const summary = ['--summary <file>', 'add the outcome to a file, as Markdown for a CI job'] as const;
  const json = ['--json', 'for machines: JSON on standard output'] as const;
  const wait = ['--wait <time>', 'queue for the lock so long, e.g. 5m'] as const;
  const prove = ['--prove [rate]', 'send requests through the front door meanwhile, 20 a second, and count'] as const;
  const message = ['-m, --message <text>', 'why, for the history'] as const;

  add('init', 'write a cutover.yaml that fits this folder', () => import('./commands/init.ts')).option(
    '--force',
    'overwrite the one that is there',
  );
  add('setup', 'prepare this server, once (may need root)', () => import('./commands/setup.ts'))
    .option('--print', 'show every file and command, change nothing')
    .option('--remove', 'take everything back')
    .option('--owner <user>', 'the user who will deploy (default: who called sudo)')
    .option('--login <user>', 'over ssh: log in as this user for the set-up, e.g. root');
  add('deploy [artifact]', 'start a release in the idle slot, prove it, switch to it', daily('deploy'))
    .option('--plan', 'print what it would do, do nothing')
    .option(...json)
    .option(...wait)
    .option(...message)
    .option(...summary)
    .option(...prove)
    .option('--catch-up', 'leave servers alone on which this artifact is live already')
    .option('--not-reversible <why>', 'later rollbacks past this release are refused');
  add('rollback [release]', 'switch back to the release before, or to a named one', daily('rollback'))
    .option(...prove)
    .option(...json)
    .option(...wait)
    .option(...message)
    .option(...summary);
  add('promote', 'a deploy that is watched goes on to its next stage now', order('promote')).option(
    '--all',
    'past every stage that is left: all of the traffic',
  );
  add('pause', 'a deploy stays in its stage until it is promoted', order('pause'));
  add('abort', 'a deploy that is under way takes everything back', order('abort'));
  add('status', 'what is live, what stands by, and what to do next', daily('status'))
    .option(...json)
    .option('-w, --watch', 'refresh every second');
  add('history', 'who deployed what, when, and what it cost', daily('history'))
    .option(...json)
    .option('-n, --lines <count>', 'how many', '20');
  add('logs [of]', "the application's own output: of a slot or a release", () => import('./commands/logs.ts'))
    .option('-f, --follow', 'keep printing')
    .option('-n, --lines <count>', 'how many lines', '100');
  add('doctor', 'check every known trap on this server', () => import('./commands/doctor.ts'))
    .option(...json)
    .option('--root', 'over ssh: look as root, by sudo on the server');
  add(
    'members [action] [address]',
    'servers behind a switch in the kernel: show, check, drain, ready',
    () => import('./commands/members.ts'),
  )
    .option(...json)
    .option('-w, --watch', 'check every second, until it is ended');
  add('recover', 'put an interrupted deployment right', daily('recover'))
    .option(...json)
    .addOption(new Option('--trust <witness>', 'whom to believe when they disagree').choices(['router', 'records']));
  add('up', 'start what should run and does not', daily('up')).option(...json);
  add('down', 'stop both slots', daily('down'))
    .option(...json)
    .option('-y, --yes', 'do not ask');
  add(
    'unlock',
    'show who holds the lock; remove it when they are proven dead',
    () => import('./commands/unlock.ts'),
  ).option('--force', 'remove it in any case');
  const shell = program.command('completion <shell>').description('completion script for bash, zsh or fish');
  shell.action(async (name: string) => {
    const { completion } = await import('./commands/completion.ts');
    process.stdout.write(completion(name, program.commands));
  });
  return program;
}
