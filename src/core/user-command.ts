import path from 'node:path';
import type { Slot } from './slot.ts';
import type { World } from './world.ts';

/** Which release a command of the user's is about. */
export interface About {
  readonly slot: Slot;
  readonly release: string | undefined;
}

type Values = Readonly<Record<string, string>>;

/** What is filled in for `{slot}`, `{port}`, `{server}`, `{release}` and, where these words ask for it, `{artifact}`. */
export async function valuesOf(world: World, about: About, words: readonly string[]): Promise<Values> {
  const asked = words.some((word) => word.includes('{artifact}'));
  return {
    ...slotValues(world, about.slot),
    release: about.release ?? '',
    ...(asked ? { artifact: await artifactOf(world, about.release) } : {}),
  };
}

export function slotValues({ config, host }: World, slot: Slot): Values {
  return { slot, port: String(config.slots[slot]), server: config.server?.name ?? host.me.host };
}

async function artifactOf({ store }: World, release: string | undefined): Promise<string> {
  return (await store.releases()).find(({ id }) => id === release)?.artifact ?? '';
}

/** What a command finds in its environment. */
export function variablesOf(world: World, { slot, release = '' }: About): Values {
  const { port = '', server = '' } = slotValues(world, slot);
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
