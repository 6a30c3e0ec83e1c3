import type { Machine } from './machine.ts';
import { succeed } from './machine-copy.ts';
import { must } from './machine-run.ts';

/** Takes a machine off the network and puts it back. It lasts over a reboot; repeating it does no harm. */
export interface ServerNetwork {
  /** Nothing gets through any more, in either direction, and nobody is told: whoever waits goes on waiting. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** The same for ssh alone; the public still gets its answers. */
  cutSsh(): Promise<void>;
  mendSsh(): Promise<void>;
}

/** A hardware address that nobody has. */
const NOBODY = '02:00:00:00:00:01';

const NO_SSH_TABLE = 'add table inet lab_no_ssh\ndelete table inet lab_no_ssh\n';

const SSH_TABLE = `table inet lab_no_ssh {
  chain incoming { type filter hook input priority 0; tcp dport 22 drop; }
  chain outgoing { type filter hook output priority 0; tcp sport 22 drop; }
}
`;

export function networkOf({ exec, address, gateway, link }: Machine): ServerNetwork {
  const neighbours = async (...words: string[]): Promise<void> => {
    await must(['ip', 'neighbour', 'replace', address, 'dev', link, ...words]);
    await succeed(exec, ['ip', 'neighbour', 'replace', gateway, 'dev', 'eth0', ...words]);
  };
  const rules = async (input: string): Promise<void> => {
    await succeed(exec, ['nft', '-f', '-'], { input });
  };
  return {
    // With the interface down the route would go too, and the packets out into the world, where somebody may answer.
    cut: async () => neighbours('lladdr', NOBODY, 'nud', 'permanent'),
    // To be asked for again with the next packet.
    mend: async () => neighbours('lladdr', NOBODY, 'nud', 'failed'),
    cutSsh: async () => rules(`${NO_SSH_TABLE}${SSH_TABLE}`),
    mendSsh: async () => rules(NO_SSH_TABLE),
  };
}
