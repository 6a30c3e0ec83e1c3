import type { Config } from '../../config/config.ts';
import { exitCodes, Failure } from '../../core/failure.ts';
import { ownerText } from '../../core/lock-owner.ts';
import { humanDuration } from '../../lib/duration.ts';
import { composeLock, hostOf } from '../compose.ts';
import { eachServer } from '../each-server.ts';
import type { MainOptions } from '../main-options.ts';
import { targetsOf } from '../targets.ts';

interface Options extends MainOptions {
  force?: boolean;
}

export default async function unlockCommand(options: Options): Promise<number> {
  return eachServer(await targetsOf(options), options, (config) => unlockOne(config, options));
}

async function unlockOne(config: Config, options: Options): Promise<void> {
  const lock = await composeLock(await hostOf(config), config);
  if (!lock) return void process.stdout.write('Nobody holds the lock.\n');
  const { command, since, alive } = lock.owner;
  const words = `${command} (${ownerText(lock.owner)}, for ${humanDuration(Date.now() - since)})`;
  if (alive && !options.force) throw stillAlive(words);
  await lock.remove();
  process.stdout.write(`Removed the lock of ${words}, which ${alive ? 'may still be at work' : 'is dead'}.\n`);
}

function stillAlive(words: string): Failure {
  return new Failure({
    code: 'LOCKED',
    exit: exitCodes.locked,
    what: 'the owner of the lock is alive, so the lock stays',
    why: words,
    fix: 'wait for it, or end it; `--force` removes the lock under it and can spoil its deployment',
  });
}
