import path from 'node:path';
import type { Host } from '../../ports.ts';

/** What the state directory holds of these releases: their folders and what they printed. */
export async function removeRecords(host: Host, state: string, ids: readonly string[]): Promise<void> {
  const paths = ids.flatMap((id) => [
    path.join(state, 'releases', id),
    path.join(state, 'logs', `${id}.log`),
    path.join(state, 'logs', `${id}.log.1`),
  ]);
  await host.run(['rm', '-rf', '--', ...paths]);
}
