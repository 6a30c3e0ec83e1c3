import path from 'node:path';
import { exitCodes, Failure } from '../../core/failure.ts';
import { localHost } from '../../drivers/host/local.ts';
import { breakLock, lockOwner } from '../../drivers/store/lock.ts';
import { stateChecks } from '../../drivers/store/checks.ts';
import { humanDuration } from '../../lib/duration.ts';
import { configOf, type MainOptions } from '../main-options.ts';

interface Options extends MainOptions {
  force?: boolean;
}

export default async function unlockCommand(options: Options): Promise<void> {
  const config = await configOf(options);
  const host = localHost();
  await stateChecks(config);
  const folder = path.join(config.state, 'lock');
  const owner = await lockOwner(host, folder);
  if (!owner) return void process.stdout.write('Nobody holds the lock.\n');
  const words = `${owner.command} (${owner.user}@${owner.host}, process ${owner.pid}, for ${humanDuration(Date.now() - owner.since)})`;
  if (owner.alive && !options.force) throw stillAlive(words);
  await breakLock(host, folder);
  process.stdout.write(`Removed the lock of ${words}, which ${owner.alive ? 'may still be at work' : 'is dead'}.\n`);
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
