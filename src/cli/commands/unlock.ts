import { exitCodes, Failure } from '../../core/failure.ts';
import { humanDuration } from '../../lib/duration.ts';
import { composeLock } from '../compose.ts';
import { configOf, type MainOptions } from '../main-options.ts';

interface Options extends MainOptions {
  force?: boolean;
}

export default async function unlockCommand(options: Options): Promise<void> {
  const lock = await composeLock(await configOf(options));
  if (!lock) return void process.stdout.write('Nobody holds the lock.\n');
  const { command, user, host, pid, since, alive } = lock.owner;
  const words = `${command} (${user}@${host}, process ${pid}, for ${humanDuration(Date.now() - since)})`;
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
