import path from 'node:path';
import { Failure } from '../../core/failure.ts';
import type { JournalEntry } from '../../core/journal.ts';
import type { Release } from '../../core/release.ts';
import type { Host, Store } from '../../ports.ts';
import { parseLines } from '../../lib/json-lines.ts';
import { lockOwner, notWritable, takeLock } from './lock.ts';

/** Characters, which is several hundred deployments. */
const longestJournal = 512 * 1024;

/** Plain files in the app's state directory: `journal.jsonl`, `lock/`, `releases/ID/release.json`. `from`: who commands it from another machine. */
export function fileStore(host: Host, state: string, from?: string): Store {
  const journalFile = path.join(state, 'journal.jsonl');
  const journal = async () => parseLines<JournalEntry>((await host.read(journalFile)) ?? '');

  /** Before a deployment begins, the older half goes once there is too much. */
  async function shorten(): Promise<void> {
    const text = (await host.read(journalFile)) ?? '';
    if (text.length <= longestJournal) return;
    const entries = parseLines<JournalEntry>(text);
    const kept = new Set(entries.slice(entries.length / 2).map(({ deployment }) => deployment));
    await host.write(journalFile, lines(entries.filter(({ deployment }) => kept.has(deployment))), { mode: 0o600 });
  }

  return {
    journal,
    async append(...entries) {
      if (entries[0]?.kind === 'begin') await shorten();
      try {
        await host.write(journalFile, lines(entries), { append: true, mode: 0o600 });
      } catch (error) {
        if (error instanceof Failure) throw error;
        throw notWritable(state, error instanceof Error ? error.message : String(error));
      }
    },
    releases: () => releasesIn(host, path.join(state, 'releases')),
    lock: (command) => takeLock(host, path.join(state, 'lock'), command, from),
    lockOwner: () => lockOwner(host, path.join(state, 'lock')),
  };
}

/** A leading line break ends a line that a power failure tore, so that it cannot swallow this one. */
function lines(entries: readonly JournalEntry[]): string {
  return entries.map((entry) => `\n${JSON.stringify(entry)}`).join('') + '\n';
}

async function releasesIn(host: Host, folder: string): Promise<readonly Release[]> {
  const texts = (await host.read(path.join(folder, '*', 'release.json'), { every: true })) ?? '';
  return parseLines<Release>(texts).toSorted((a, b) => Number(a.id) - Number(b.id));
}
