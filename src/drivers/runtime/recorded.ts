import path from 'node:path';
import type { Slot } from '../../core/slot.ts';
import { isAlive } from '../../lib/process-identity.ts';
import type { Host } from '../../ports.ts';
import { variableOf } from './processes.ts';

/** What the supervisor wrote down of a process: its pid together with what tells it from a later process with the same pid. */
export interface Recorded {
  pid: number;
  identity: string;
  words: readonly string[];
}

interface RecordedProcesses {
  /** Undefined: it is gone, or was never written down. */
  recorded(slot: Slot, name: 'supervisor' | 'app'): Promise<Recorded | undefined>;
  /** With the release that its own environment names, which is read at the same time. */
  running(slot: Slot): Promise<(Recorded & { release: string | undefined }) | undefined>;
}

export function recordedProcesses(host: Host, state: string): RecordedProcesses {
  const noted = async (slot: Slot, name: string): Promise<Recorded | undefined> => {
    const text = await host.read(path.join(state, 'slots', slot, name));
    const [pid, identity = '', ...words] = (text ?? '').trim().split(' ');
    return pid ? { pid: Number(pid), identity, words } : undefined;
  };
  return {
    async recorded(slot, name) {
      const found = await noted(slot, name);
      return found && (await isAlive(host, found.pid, found.identity)) ? found : undefined;
    },
    async running(slot) {
      const found = await noted(slot, 'app');
      if (!found) return undefined;
      const [alive, release] = await Promise.all([
        isAlive(host, found.pid, found.identity),
        variableOf(host, found.pid, 'CUTOVER_RELEASE'),
      ]);
      return alive ? { ...found, release } : undefined;
    },
  };
}
