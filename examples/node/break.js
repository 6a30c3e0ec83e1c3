import { setTimeout as sleep } from 'node:timers/promises';

/** What nobody needs any more, and is never let go. */
const kept = [];

/** What is wrong with a release that starts and is healthy: each request is answered after `wait` ms, with `status`, or is the last. */
const faults = {
  errors: (percent) => (_, path) => (path !== '/health' && Math.random() * 100 < percent ? { status: 500 } : {}),
  'post-errors': (percent) => (method) => (method === 'POST' && Math.random() * 100 < percent ? { status: 500 } : {}),
  slow: (ms) => () => ({ wait: ms }),
  leaks: (megabytes) => (_, path) =>
    path === '/health' ? {} : { kept: kept.push(new Array(megabytes * 131_072).fill(0.5)) },
  'dies-after': (requests) => () => (--requests === 0 ? { last: true } : {}),
  flapping: () => (_, path) => (path === '/health' && Math.floor(Date.now() / 1500) % 2 ? { status: 503 } : {}),
};

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
  if (how in faults) return { ...fine, fault: faults[how](Number(argument || 100)) };
  if (how !== 'never-listen' && how !== 'slow-start') throw new Error(`FAIL=${process.env.FAIL} is not known`);
  return fine;
}
