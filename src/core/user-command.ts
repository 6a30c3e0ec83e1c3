import path from 'node:path';
import type { Slot } from './slot.ts';
import type { World } from './world.ts';

/** Which release a command of the user's is about. */
export interface About {
  readonly slot: Slot;
  readonly release: string | undefined;
}

/** What is filled in for `{slot}`, `{port}`, `{release}` and `{server}`. */
export function valuesOf({ config, host }: World, { slot, release = '' }: About): Readonly<Record<string, string>> {
  return { slot, port: String(config.slots[slot]), release, server: config.server?.name ?? host.me.host };
}

/** The same as variables of the command's environment. */
export function variablesOf(world: World, about: About): Readonly<Record<string, string>> {
  const { slot = '', port = '', release = '', server = '' } = valuesOf(world, about);
  return {
    CUTOVER_APP: world.config.app,
    CUTOVER_SLOT: slot,
    CUTOVER_PORT: port,
    CUTOVER_RELEASE: release,
    CUTOVER_SERVER: server,
  };
}

/** Where relative paths in a command start. The folder of the configuration is not on a server. */
export function commandFolder({ config, host }: World): string {
  return host.me.remote ? config.state : path.dirname(config.file);
}
