import { createInterface } from 'node:readline/promises';
import { exitCodes, Failure } from '../../core/failure.ts';
import { down } from '../../core/up-down.ts';
import { opened, reporterOf, type MainOptions } from '../main-options.ts';
import { targetOf } from '../targets.ts';
import { interruptible } from '../signals.ts';

interface Options extends MainOptions {
  yes?: boolean;
}

export default async function downCommand(options: Options): Promise<void> {
  const config = await targetOf(options);
  const world = await opened(config, reporterOf(options, config));
  if (!options.yes) await mustConfirm(config.app);
  const done = await down(world, { command: `down by ${world.who}`, wait: 0, signal: interruptible() });
  if (!options.json)
    process.stdout.write(
      done ? `Both slots of ${config.app} are stopped. \`cutover up\` starts what was live.\n` : 'Nothing ran.\n',
    );
}

async function mustConfirm(app: string): Promise<void> {
  const declined = new Failure({
    code: 'NOT_CONFIRMED_BY_YOU',
    exit: exitCodes.usage,
    what: 'nothing was stopped',
    why: `this takes ${app} off the air, so it asks first`,
    fix: 'type the name of the app, or pass --yes',
  });
  if (!process.stdin.isTTY) throw declined;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const typed = await terminal.question(`Both slots will stop and ${app} will not answer. Type ${app} to go on: `);
  terminal.close();
  if (typed.trim() !== app) throw declined;
}
