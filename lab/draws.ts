/** A number from 0 to below 1, another one each time. */
export type Random = () => number;

/** The same numbers for the same seed, on every machine: what is simulated with them can be had again. */
export function seeded(seed: number): Random {
  let [a, b, c, counter] = [seed | 0, ~seed, 0x9e3779b9 | 0, 1];
  const next = (): number => {
    const drawn = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + drawn;
    return (drawn >>> 0) / 2 ** 32;
  };
  for (let round = 0; round < 16; round += 1) next();
  return next;
}

/** At most this at once, so that the chance of "none" is a number that can be told from 0. */
const portion = 500;

/** How many of so many do it, if each does by this chance. Exact: by inversion. */
export function binomial(random: Random, count: number, chance: number): number {
  if (count <= 0 || chance <= 0) return 0;
  if (chance >= 1) return count;
  if (chance > 0.5) return count - binomial(random, count, 1 - chance);
  if (count > portion) return binomial(random, portion, chance) + binomial(random, count - portion, chance);
  const odds = chance / (1 - chance);
  return inverted(random, (1 - chance) ** count, (hits) => (odds * (count - hits)) / (hits + 1), count);
}

/** How many come, if so many do in the mean and none knows of another. */
export function poisson(random: Random, mean: number): number {
  if (mean <= 0) return 0;
  if (mean > portion) return poisson(random, portion) + poisson(random, mean - portion);
  return inverted(random, Math.exp(-mean), (hits) => mean / (hits + 1), Infinity);
}

/** From the chance of 0, and what the chance of one more is to that of so many. */
function inverted(random: Random, none: number, ratio: (hits: number) => number, most: number): number {
  let [left, share, hits] = [random(), none, 0];
  // The second condition: what rounding left over.
  while (left >= share && hits < most && (share > 0 || hits === 0)) {
    left -= share;
    share *= ratio(hits);
    hits += 1;
  }
  return hits;
}
