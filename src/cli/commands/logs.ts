import { exitCodes, Failure } from '../../core/failure.ts';
import { soleSlot } from '../../core/split.ts';
import { openedToLook, type MainOptions } from '../main-options.ts';
import { targetOf } from '../targets.ts';

interface Options extends MainOptions {
  follow?: boolean;
  lines?: string;
}

export default async function logsCommand(options: Options, of?: string): Promise<number> {
  const { runtime, router, store, host } = await openedToLook(await targetOf(options));
  const what = of ?? soleSlot(await router.read()) ?? 'blue';
  const isSlot = what === 'blue' || what === 'green';
  if (!isSlot && !(await store.releases()).some(({ id }) => id === what)) throw unknown(what);
  const how = { lines: Number(options.lines ?? 100) || 0, follow: options.follow ?? false };
  const argv = await runtime.logs(isSlot ? { slot: what } : { release: what }, how);
  return (await host.run(argv, { passOn: true })).code;
}

function unknown(what: string): Failure {
  return new Failure({
    code: 'NO_SUCH_LOG',
    exit: exitCodes.usage,
    what: `there is no slot or release "${what}"`,
    fix: 'name blue, green, or a release that `cutover history` shows',
  });
}
