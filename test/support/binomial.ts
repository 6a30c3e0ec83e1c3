/** The chance of 0, 1, 2 … hits in so many tries, exactly. */
export function binomialShares(tries: number, chance: number): readonly number[] {
  let shares: readonly number[] = [1];
  for (let done = 0; done < tries; done += 1) {
    const before = shares;
    const of = (hits: number) => before[hits] ?? 0;
    shares = Array.from({ length: done + 2 }, (_, hits) => of(hits) * (1 - chance) + of(hits - 1) * chance);
  }
  return shares;
}
