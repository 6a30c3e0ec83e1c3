const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Aborts on Ctrl-C, TERM and a closed terminal, each of which is put back in order. */
export function interruptible(): AbortSignal {
  const controller = new AbortController();
  for (const name of names) process.on(name, () => controller.abort(name));
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return controller.signal;
}
