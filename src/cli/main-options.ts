import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { Reporter } from '../ports.ts';
import { humanReporter } from './render/human.ts';

/** Options that every command takes. */
export interface MainOptions {
  config?: string;
  json?: boolean;
}

export function configOf(options: MainOptions): Promise<Config> {
  return loadConfig({ cwd: process.cwd(), env: process.env, ...(options.config ? { file: options.config } : {}) });
}

/** One event a line for machines, progress for people. */
export function reporterOf({ json }: MainOptions, app: string): Reporter {
  if (json) return (event) => void process.stdout.write(`${JSON.stringify(event)}\n`);
  return humanReporter(process.stderr, app);
}
