import { setTimeout as sleep } from 'node:timers/promises';

/** Reads FAIL and breaks the start in the way it names. A deployment tool is worth what it does when this happens. */
export async function breakOnPurpose(port) {
  const [how = '', argument = ''] = (process.env.FAIL ?? '').split(':');
  const fine = { healthy: true, port };
  if (how === '') return fine;
  if (how === 'exit') {
    console.error('FAIL=exit: the database password is wrong, giving up');
    process.exit(3);
  }
  if (how === 'never-listen') await sleep(24 * 60 * 60 * 1000);
  if (how === 'slow-start') await sleep(Number(argument) * 1000);
  if (how === 'elsewhere') return { healthy: true, port: Number(argument || 0) };
  if (how === 'unhealthy') return { healthy: false, port };
  if (how !== 'never-listen' && how !== 'slow-start') throw new Error(`FAIL=${process.env.FAIL} is not known`);
  return fine;
}
