import type { World } from '../core/world.ts';
import type { Config } from '../config/config.ts';
import type { Reporter } from '../ports.ts';
import { compose, hostOf } from './compose.ts';
import { humanReporter } from './render/human.ts';

/** Options that every command takes. */
export interface MainOptions {
  config?: string;
  json?: boolean;
  /** Names of servers or roles, or lists of them. */
  only?: readonly string[];
  skip?: readonly string[];
  /** File to which a summary in Markdown is added. */
  summary?: string;
}

/** One event a line for machines, progress for people; each with its server where there are several. */
export function reporterOf({ json }: MainOptions, { app, server }: Config, named = false): Reporter {
  const name = named ? server?.name : undefined;
  if (json) {
    const mark = name === undefined ? {} : { server: name };
    return (event) => void process.stdout.write(`${JSON.stringify({ ...event, ...mark })}\n`);
  }
  return humanReporter(process.stderr, app, name);
}

/** Everything of the server that the configuration is for, for a command that changes something. */
export async function opened(config: Config, report: Reporter): Promise<World> {
  return compose(await hostOf(config, { guarded: true }), config, report);
}

/** The same to look at. */
export async function openedToLook(config: Config): Promise<World> {
  return compose(await hostOf(config), config, () => {});
}
