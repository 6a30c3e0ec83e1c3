import type { Wave } from '../config/config.ts';

/** Servers in the order given, cut into waves; what the last wave leaves is one more. No wave is empty. */
export function wavesOf<T>(servers: readonly T[], waves: readonly Wave[]): readonly (readonly T[])[] {
  const [wave, ...others] = waves;
  if (servers.length === 0) return [];
  if (wave === undefined) return [servers];
  const size = 'count' in wave ? wave.count : Math.ceil((servers.length * wave.percent) / 100);
  return [servers.slice(0, size), ...wavesOf(servers.slice(size), others)];
}
