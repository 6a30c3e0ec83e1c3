import path from 'node:path';
import type { JournalEntry } from '../../core/journal.ts';
import type { Release } from '../../core/release.ts';
import type { Host, Store } from '../../ports.ts';
import { parseLines } from '../../lib/json-lines.ts';
import { lockOwner, takeLock } from './lock.ts';

/** Plain files in the app's state directory: `journal.jsonl`, `lock/`, `releases/ID/release.json`. */
export function fileStore(host: Host, state: string): Store {
  const journalFile = path.join(state, 'journal.jsonl');
  return {
    journal: async () => parseLines<JournalEntry>((await host.read(journalFile)) ?? ''),
    append: async (...entries) => {
      await host.write(journalFile, lines(entries), { append: true, mode: 0o600 });
    },
    releases: () => releasesIn(host, path.join(state, 'releases')),
    lock: (command) => takeLock(host, path.join(state, 'lock'), command),
    lockOwner: () => lockOwner(host, path.join(state, 'lock')),
  };
}

/** A leading line break ends a line that a power failure tore, so that it cannot swallow this one. */
function lines(entries: readonly JournalEntry[]): string {
  return entries.map((entry) => `\n${JSON.stringify(entry)}`).join('') + '\n';
}

const listReleases = 'cd "$1" && cat -- */release.json 2> /dev/null; :';

async function releasesIn(host: Host, folder: string): Promise<readonly Release[]> {
  const listed = await host.run(['sh', '-c', listReleases, 'list-releases', folder]);
  return parseLines<Release>(listed.stdout).toSorted((a, b) => Number(a.id) - Number(b.id));
}
