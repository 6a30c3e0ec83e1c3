import { type ChildProcess, fork } from 'node:child_process';
import { bundled } from './bundle.ts';
import { monotonic } from './clock.ts';
import type { LoadCall, LoadReply } from './load-worker.ts';
import type { Load, LoadOptions, LoadReport } from './strict-client.ts';

/** The strict client in a process of its own, so that what the caller does meanwhile does not hold it up. */
export async function startLoadProcess(options: LoadOptions): Promise<Load> {
  const child = fork(await bundled('lab/load-worker.ts'), [], { execArgv: [], serialization: 'advanced' });
  const ask = createAsker(child);
  await ask({ call: 'start', options });
  return {
    mark: (label, at = monotonic()) => void ask({ call: 'mark', label, at }).catch(ignore),
    fireIdleNow: (over) => void ask({ call: 'fire', over }).catch(ignore),
    counts: () => ask({ call: 'counts' }) as ReturnType<Load['counts']>,
    stop: async () => {
      const report = (await ask({ call: 'stop' })) as LoadReport;
      child.disconnect();
      return report;
    },
  };
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

function createAsker(child: ChildProcess): (call: WithoutId<LoadCall>) => Promise<unknown> {
  const open = new Map<number, (reply: LoadReply) => void>();
  let next = 0;
  child.on('message', (reply: LoadReply) => {
    open.get(reply.id)?.(reply);
    open.delete(reply.id);
  });
  child.on('exit', (code, signal) => {
    for (const [id, settle] of open) settle({ id, error: `the load process ended (${signal ?? code})` });
    open.clear();
  });
  return (call) =>
    new Promise((resolve, reject) => {
      const id = (next += 1);
      open.set(id, ({ value, error }) => (error === undefined ? resolve(value) : reject(new Error(error))));
      child.send({ ...call, id }, (error) => error && open.get(id)?.({ id, error: error.message }));
    });
}

function ignore(): void {
  // A load process that is gone is reported by `counts` and `stop`.
}
