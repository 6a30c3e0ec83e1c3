import path from 'node:path';
import type { Slot } from '../../core/slot.ts';
import { environmentLine, shellQuote } from '../../lib/quote.ts';
import type { Host, Launch } from '../../ports.ts';

/*
 * What a slot's directory tells, whoever runs it:
 *   release  link to the release that belongs in the slot; it is there as long as the slot should run
 *   run      the command, every word quoted
 *   env      its environment, readable by its owner alone
 */
export interface SlotFiles {
  readonly folder: string;
  occupant(): Promise<string | undefined>;
  occupy(launch: Launch): Promise<void>;
  vacate(): Promise<void>;
}

export function slotFiles(host: Host, state: string, slot: Slot): SlotFiles {
  const folder = path.join(state, 'slots', slot);
  const link = path.join(folder, 'release');
  return {
    folder,
    async occupant() {
      const target = await host.read(link, { link: true });
      return target === undefined ? undefined : path.basename(target);
    },
    async occupy(launch) {
      await host.write(path.join(folder, 'run'), runScript(launch.argv), { mode: 0o755 });
      await host.write(path.join(folder, 'env'), environment(launch.env), { mode: 0o600 });
      await host.write(link, { link: path.join(state, 'releases', launch.release.id) });
    },
    async vacate() {
      await host.run(['rm', '-f', link]);
    },
  };
}

/** The working directory is the release's own, so that relative paths mean its files. */
function runScript(argv: readonly string[]): string {
  return `#!/bin/sh\ncd release/artifact/ && exec ${argv.map(shellQuote).join(' ')}\n`;
}

function environment(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => environmentLine(name, value))
    .join('');
}
