import { createInterface } from 'node:readline/promises';
import type { Config } from '../../config/config.ts';
import { exitCodes, Failure } from '../../core/failure.ts';
import { down } from '../../core/up-down.ts';
import { eachServer } from '../each-server.ts';
import { opened, reporterOf, type MainOptions } from '../main-options.ts';
import { targetsOf } from '../targets.ts';
import { interruptible } from '../signals.ts';

interface Options extends MainOptions {
  yes?: boolean;
}

export default async function downCommand(options: Options): Promise<number> {
  const targets = await targetsOf(options);
  const signal = interruptible();
  if (!options.yes) await mustConfirm(targets.config.app);
  return eachServer(targets, options, (config) => downOne(config, options, signal));
}

async function downOne(config: Config, options: Options, signal: AbortSignal): Promise<void> {
  const world = await opened(config, reporterOf(options, config, true));
  const done = await down(world, { command: `down by ${world.who}`, wait: 0, signal });
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
