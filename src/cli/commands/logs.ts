import { spawn } from 'node:child_process';
import { exitCodes, Failure } from '../../core/failure.ts';
import { soleSlot } from '../../core/split.ts';
import { compose } from '../compose.ts';
import { configOf, type MainOptions } from '../main-options.ts';

interface Options extends MainOptions {
  follow?: boolean;
  lines?: string;
}

export default async function logsCommand(options: Options, of?: string): Promise<number> {
  const config = await configOf(options);
  const { runtime, router, store } = await compose(config, () => {});
  const what = of ?? soleSlot(await router.read()) ?? 'blue';
  const isSlot = what === 'blue' || what === 'green';
  if (!isSlot && !(await store.releases()).some(({ id }) => id === what)) throw unknown(what);
  const how = { lines: Number(options.lines ?? 100) || 0, follow: options.follow ?? false };
  const [program = '', ...words] = await runtime.logs(isSlot ? { slot: what } : { release: what }, how);
  return new Promise((resolve) => {
    spawn(program, words, { stdio: ['ignore', 'inherit', 'inherit'] }).on('close', (code) => resolve(code ?? 0));
  });
}

function unknown(what: string): Failure {
  return new Failure({
    code: 'NO_SUCH_LOG',
    exit: exitCodes.usage,
    what: `there is no slot or release "${what}"`,
    fix: 'name blue, green, or a release that `cutover history` shows',
  });
}
