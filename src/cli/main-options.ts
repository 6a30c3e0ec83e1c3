import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { Reporter } from '../ports.ts';

/** Options that every command takes. */
export interface MainOptions {
  config?: string;
  json?: boolean;
}

export function configOf(options: MainOptions): Promise<Config> {
  return loadConfig({ cwd: process.cwd(), env: process.env, ...(options.config ? { file: options.config } : {}) });
}

/** One event a line for machines, progress for people. */
export async function reporterOf({ json }: MainOptions, app: string): Promise<Reporter> {
  if (json) return (event) => void process.stdout.write(`${JSON.stringify(event)}\n`);
  const { humanReporter } = await import('./render/human.ts');
  return humanReporter(process.stderr, app);
}
