import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Next } from './deployer.ts';

const run = promisify(execFile);

/** `docker-compose` on one project. */
export interface Compose {
  up(next: Next, ...options: string[]): Promise<void>;
  /** Ids of its running containers. */
  ids(): Promise<string[]>;
  down(): Promise<void>;
  /** The same, for the end of a turn: nobody waits for what is in flight. */
  discard(): Promise<void>;
}

/** Writes a Compose file whose one service is `web`; `IMAGE` and `RELEASE` are filled in at each `up`. */
export function composeProject(dir: string, project: string, web: object): Compose {
  const file = join(dir, `${project}.yml`);
  const service = { image: '${IMAGE}', environment: { CUTOVER_RELEASE: '${RELEASE}' }, init: true, ...web };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ version: '3.8', services: { web: service } }));
  let variables = { IMAGE: '-', RELEASE: '-' };
  const tool = async (...words: string[]): Promise<string> => {
    const env = { ...process.env, ...variables };
    return (await run('docker-compose', ['-p', project, '-f', file, ...words], { env })).stdout.trim();
  };
  return {
    up: async ({ image, release }, ...options) => {
      variables = { IMAGE: image, RELEASE: release };
      await tool('up', '-d', ...options, 'web');
    },
    ids: async () => (await tool('ps', '-q', 'web')).split('\n').filter(Boolean),
    down: async () => void (await tool('down')),
    discard: async () => void (await tool('down', '--timeout', '1')),
  };
}

export async function docker(...words: string[]): Promise<string> {
  return (await run('docker', words)).stdout.trim();
}
