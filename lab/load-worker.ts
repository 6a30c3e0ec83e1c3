import { type Load, type LoadOptions, startLoad } from './strict-client.ts';

/** What the process that forked this one asks for. Answered with `{ id, value }` or `{ id, error }`. */
export type LoadCall =
  | { readonly id: number; readonly call: 'start'; readonly options: LoadOptions }
  | { readonly id: number; readonly call: 'mark'; readonly label: string; readonly at: number }
  | { readonly id: number; readonly call: 'fire'; readonly over: number | undefined }
  | { readonly id: number; readonly call: 'counts' | 'stop' };

export interface LoadReply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

// It never outlives the one who asked.
process.on('disconnect', () => process.exit());
process.on('message', (call: LoadCall) => {
  perform(call).then(
    (value) => process.send?.({ id: call.id, value } satisfies LoadReply),
    (error: unknown) => process.send?.({ id: call.id, error: String(error) } satisfies LoadReply),
  );
});

let load: Load | undefined;

async function perform(call: LoadCall): Promise<unknown> {
  if (call.call === 'start') {
    load = await startLoad(call.options);
    return undefined;
  }
  if (!load) throw new Error('not started');
  if (call.call === 'mark') return load.mark(call.label, call.at);
  if (call.call === 'fire') return load.fireIdleNow(call.over);
  return call.call === 'counts' ? load.counts() : load.stop();
}
