import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensureJava } from './components.ts';
import type { Bind } from './machine-power.ts';

/** The host's Java, to be seen at the same place in a machine: 200 MB that need not be in its image. */
export async function javaBinds(): Promise<{ program: string; binds: Bind[] }> {
  const { java } = await ensureJava();
  const program = await realpath(java);
  const home = dirname(dirname(program));
  // Debian keeps the runtime's configuration in /etc, and the home is full of links to it.
  const etc = dirname(await realpath(join(home, 'conf', 'net.properties')));
  const folders = etc.startsWith(home) ? [home] : [home, etc];
  return { program, binds: folders.map((folder) => ({ from: folder, to: folder })) };
}
