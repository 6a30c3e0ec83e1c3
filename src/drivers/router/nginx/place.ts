import path from 'node:path';
import type { Config } from '../../../config/config.ts';
import type { Host, RunResult } from '../../../ports.ts';
import { containerPlace } from './container.ts';

/** Where nginx lives: on the host itself, or in a container there. */
export interface NginxPlace {
  /** Argument list for the host that runs a program beside nginx. */
  argv(words: readonly string[]): readonly string[];
  run(words: readonly string[]): Promise<RunResult>;
  /** Text of a file as nginx sees it; undefined when there is none. */
  read(file: string): Promise<string | undefined>;
  /** Path at which nginx sees a folder of the host. */
  inside(folder: string): Promise<string>;
  /** Path on the host of a folder that nginx sees. */
  outside(folder: string): Promise<string>;
}

export function nginxPlace(host: Host, { router }: Config): NginxPlace {
  return router.container === undefined ? hostPlace(host) : containerPlace(host, router.container);
}

function hostPlace(host: Host): NginxPlace {
  return {
    argv: (words) => words,
    run: (words) => host.run(words),
    read: (file) => host.read(file),
    inside: async (folder) => folder,
    outside: async (folder) => folder,
  };
}

/** Where a file that nginx reads is written. */
export async function hostFile(place: NginxPlace, file: string): Promise<string> {
  return path.join(await place.outside(path.dirname(file)), path.basename(file));
}

/** What a person types to have nginx do something. */
export function typed({ router }: Config, words: string): string {
  return router.container === undefined ? `nginx ${words}` : `docker exec ${router.container} nginx ${words}`;
}
