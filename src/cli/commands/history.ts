import type { Config } from '../../config/config.ts';
import { deploymentsOf } from '../../core/journal.ts';
import { historyOf } from '../../core/history.ts';
import { eachServer } from '../each-server.ts';
import { openedToLook, type MainOptions } from '../main-options.ts';
import { targetsOf } from '../targets.ts';
import { historyText } from '../render/history.ts';
import { paintFor } from '../render/paint.ts';

interface Options extends MainOptions {
  lines?: string;
}

export default async function historyCommand(options: Options): Promise<number> {
  return eachServer(await targetsOf(options), options, (config, server) => historyOfOne(config, options, server));
}

async function historyOfOne(config: Config, options: Options, server: string | undefined): Promise<void> {
  const { store } = await openedToLook(config);
  const all = historyOf(deploymentsOf(await store.journal()));
  const shown = all.slice(-(Number(options.lines ?? 20) || 20));
  process.stdout.write(
    options.json
      ? `${JSON.stringify(server === undefined ? shown : { server, history: shown })}\n`
      : historyText(shown, paintFor(process.stdout)),
  );
}
