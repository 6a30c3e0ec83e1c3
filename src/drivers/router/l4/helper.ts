import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../../config/config.ts';
import { Failure } from '../../../core/failure.ts';
import { slots } from '../../../core/slot.ts';
import { shellQuote } from '../../../lib/quote.ts';
import type { Host, RunResult } from '../../../ports.ts';
import { membersOf, publicPlaces, type Place } from './places.ts';

/** The one program that changes the rules; it knows no others than those of this app. */
export function helperFile({ router }: Config): string {
  return path.join(router.l4.rules, 'switch');
}

export function tableName(app: string): string {
  return `cutover_${app.replaceAll('-', '_')}`;
}

/** Its text: what the configuration says, in variables, and the program as it comes with cutover. */
export async function helperText(config: Config): Promise<string> {
  const { l4 } = config.router;
  const values = {
    folder: l4.rules,
    table: tableName(config.app),
    protocol: l4.protocol,
    masquerade: l4.masquerade ? 'yes' : '',
    listen: lines(publicPlaces(config)),
    ...Object.fromEntries(slots.map((slot) => [slot, lines(membersOf(config, slot))])),
  };
  const variables = Object.entries(values).map(([name, value]) => `${name}=${shellQuote(value)}`);
  const program = await readFile(new URL('switch.sh', import.meta.url), 'utf8');
  return ['#!/bin/sh', ...variables, program].join('\n');
}

function lines(places: readonly Place[]): string {
  return places.map(({ family, address, port }) => `${family} ${address} ${port}`).join('\n');
}

const refusedUsage = 64;

/** Runs it, as root by the right that `setup` gave. Rejects when it could not do what it was told. */
export async function callHelper(host: Host, config: Config, ...words: readonly string[]): Promise<string> {
  return succeeded(config, words, await tryHelper(host, config, ...words));
}

export function succeeded(config: Config, words: readonly string[], result: RunResult): string {
  if (result.code === 0) return result.stdout;
  throw new Failure({
    code: 'RULES_REFUSED',
    what: "the kernel's rules could not be changed",
    why: `${helperFile(config)} ${words.join(' ')}: exit code ${result.code}\n${result.stderr.trim()}`.trim(),
    fix: result.code === refusedUsage ? 'run `sudo cutover setup` again: it is of another version' : fixOf(result),
  });
}

export function tryHelper(host: Host, config: Config, ...words: readonly string[]): Promise<RunResult> {
  const file = helperFile(config);
  return host.run(host.me.uid === 0 ? [file, ...words] : ['sudo', '-n', file, ...words]);
}

function fixOf({ stderr }: RunResult): string {
  return stderr.startsWith('sudo:')
    ? 'run `sudo cutover setup`: it gives this user the right to this one program'
    : 'are nft and conntrack installed (`apt install nftables conntrack`)? `cutover doctor` looks';
}
