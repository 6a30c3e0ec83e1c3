import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { Failure } from '../../src/core/failure.ts';

/** The configuration that a text means, after `app` and `artifact` of a jar. */
export function configWith(text: string): Config {
  return parseConfig('/srv/shop/cutover.yaml', `app: shop\nartifact: shop.jar\n${text}`);
}

/** What is said about a text, a line for each mistake; none when it is accepted. */
export function mistakesIn(text: string): string[] {
  try {
    parseConfig('/srv/shop/cutover.yaml', text);
    return [];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return (error.fields.why ?? '').split('\n');
  }
}

/** The same, after `app` and `artifact`, and without the name of the file. */
export function mistakesWith(text: string): string[] {
  return mistakesIn(`app: shop\nartifact: shop.jar\n${text}`).map((line) => line.replace('cutover.yaml:', ''));
}

export async function failureOf(attempt: Promise<unknown>): Promise<Failure> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Failure) return error;
  throw new Error('it did not fail as expected', { cause: error });
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-config-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
