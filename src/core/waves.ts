import type { Wave } from '../config/config.ts';

/** Servers in the order given, cut into waves; what the last wave leaves is one more. No wave is empty. */
export function wavesOf<T>(servers: readonly T[], waves: readonly Wave[]): readonly (readonly T[])[] {
  const cut: T[][] = [];
  let at = 0;
  for (const wave of [...waves, { percent: 100 }]) {
    const size = 'count' in wave ? wave.count : Math.ceil((servers.length * wave.percent) / 100);
    if (at < servers.length) cut.push(servers.slice(at, at + size));
    at += size;
  }
  return cut;
}
