import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import * as z from 'zod';
import { port } from './values.ts';

export const appName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,40}$/,
    'must be small letters, digits and "-", begin with a letter, and have at most 41 characters',
  );

const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const hostName = new RegExp(`^(?=.{1,253}$)(?:\\*\\.)?${label}(?:\\.${label})*$`);

export const domain = z
  .string()
  .regex(hostName, { error: ({ input }) => domainMistake(String(input)) })
  .toLowerCase();

function domainMistake(written: string): string {
  if (/\P{ASCII}/u.test(written)) {
    const ascii = domainToASCII(written);
    return `must be written in punycode${hostName.test(ascii) ? `: ${ascii}` : ''}`;
  }
  if (/^[a-z]+:\/\//i.test(written)) return 'must be the name alone, without "://" and a path';
  return 'must be a host name such as shop.example.com or *.example.com';
}

/** Goes into a server's configuration, so only what no quoting rule there could change: no space, quote, `;`, `{`, `$`, `\`. */
export const plainPath = /^(?!(?:.*\/)?\.\.(?:\/|$))[\p{L}\p{M}\p{N}/._@+,:=%-]{1,1024}$/u;

export const routerPath = z
  .string()
  .regex(plainPath, 'must be a path of letters, digits and / . _ @ + , : = % - only, without ".."');

export const localPath = z
  .string()
  .min(1, 'is empty')
  .max(1024, 'is too long')
  .regex(/^(?!~)[^\p{Cc}\u2028\u2029]*$/u, 'must be a path without control characters, and "~" is not expanded');

export const userName = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]{0,30}\$?$/, 'must be the name of a user of the operating system');

export const variableName = z
  .string()
  .regex(/^[a-z_][a-z0-9_]{0,63}$/, 'must be small letters, digits and "_", without "$"');

export const bodySize = z
  .union([z.int().nonnegative(), z.string()])
  .transform(String)
  .pipe(z.string().regex(/^\d{1,15}[kmgKMG]?$/, 'must be a size as nginx writes it, such as 10m; 0 is no limit'));

const addressHint = 'must be a port, address:port or [IPv6 address]:port';

export const address = z
  .union([port, z.string().refine(isAddress, addressHint)], { error: addressHint })
  .transform(String);

function isAddress(written: string): boolean {
  const parts = /^(?:(\*|localhost|[\d.]+|\[[0-9a-fA-F:.]+\]):)?([1-9]\d{0,4})$/.exec(written);
  if (parts === null || Number(parts[2]) > 65_535) return false;
  const host = parts[1] ?? '*';
  return host === '*' || host === 'localhost' || isIPv4(host) || (host.startsWith('[') && isIPv6(host.slice(1, -1)));
}

/** A server behind this one: by number, as rules of the kernel know no names. */
export const memberAddress = z.string().refine(isMember, 'must be address:port or [IPv6 address]:port, without names');

function isMember(written: string): boolean {
  return isAddress(written) && /^(\d|\[)/.test(written) && /[.\]]/.test(written);
}

const doorHint = 'must be an address such as http://127.0.0.1:80';

export const frontDoor = z
  .string()
  .refine(isDoor, doorHint)
  .transform((url) => url.replace(/\/$/, ''));

function isDoor(url: string): boolean {
  const parts = /^https?:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::([1-9]\d{0,4}))?\/?$/.exec(url);
  const host = parts?.[1] ?? '';
  if (Number(parts?.[2] ?? 80) > 65_535) return false;
  return host.startsWith('[') ? isIPv6(host.slice(1, -1)) : hostName.test(host);
}
