import { otherSlot } from '../../core/slot.ts';
import { humanBytes } from '../../lib/duration.ts';
import { whenSeen } from '../context.ts';
import { fine, later, note, warning, wrong, type Check } from '../finding.ts';

/** Two copies on a machine that holds one: it freezes. */
export const memory: Check = {
  id: 'memory',
  group: 'server',
  trap: 15,
  title: 'room for two',
  check: whenSeen(async ({ config, host, view }) => {
    const { live } = view;
    const needed = config.memory.needed ?? (live && view.slots[live].memory);
    const meminfo = (await host.read('/proc/meminfo')) ?? '';
    const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
    const free = of('MemAvailable') + (live ? (view.slots[otherSlot(live)].memory ?? 0) : 0);
    if (needed === undefined) return later('once one copy runs');
    const words = `one copy needs ${humanBytes(needed)}, ${humanBytes(free)} are there for the next`;
    if (!config.memory.check) return note(`${words}; a deploy does not check it (memory.check: false)`);
    if (free < needed)
      return wrong(`${words}: the next deploy is refused`, 'a smaller heap (`-Xmx` in `run`), more memory, or swap');
    if (free < needed * 1.25 && of('SwapTotal') === 0)
      return warning(`${words}, and there is no swap`, 'add some swap, or a smaller heap');
    return fine(words);
  }),
};
