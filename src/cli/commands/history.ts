import { deploymentsOf } from '../../core/journal.ts';
import { historyOf } from '../../core/history.ts';
import { openedToLook, type MainOptions } from '../main-options.ts';
import { targetOf } from '../targets.ts';
import { historyText } from '../render/history.ts';
import { paintFor } from '../render/paint.ts';

interface Options extends MainOptions {
  lines?: string;
}

export default async function historyCommand(options: Options): Promise<void> {
  const { store } = await openedToLook(await targetOf(options));
  const all = historyOf(deploymentsOf(await store.journal()));
  const shown = all.slice(-(Number(options.lines ?? 20) || 20));
  process.stdout.write(options.json ? `${JSON.stringify(shown)}\n` : historyText(shown, paintFor(process.stdout)));
}
