/** As Promise.all, but when one has failed it still waits for the others: nothing is left on its way. */
export async function allEnded<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
