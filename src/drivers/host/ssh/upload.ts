import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { shellQuote } from '../../../lib/quote.ts';
import { humanBytes, humanDuration } from '../../../lib/duration.ts';
import type { CopyOptions } from '../../../ports.ts';
import { plainShell, type Connection } from './connection.ts';
import { connectionLost } from './failures.ts';
import { packed } from './pack.ts';
import type { Printed } from './shell.ts';

type Run = (script: string) => Promise<Printed>;

/** Where the server keeps what was sent, by its digest: whole, or as far as it came. */
interface Place {
  whole: string;
  partial: string;
}

/**
 * Sends a file, or a folder as one archive, and unpacks it. What the server has is not sent again, and
 * what broke off goes on from there; either way the server's own digest decides.
 */
export async function upload(
  connection: Connection,
  run: Run,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<string> {
  const source = await packed(from);
  const folder = options.keep ?? `${to}.upload`;
  const digest = await digestOf(source.file);
  const place = { whole: `${folder}/${digest}`, partial: `${folder}/${digest}.partial` };
  await must(run, `mkdir -p -m 700 -- ${shellQuote(folder)}`);
  const words = (await fits(run, place.whole, digest))
    ? 'already there'
    : await sent(connection, run, source.file, digest, place, options);
  await must(run, unpacking(place.whole, to, source));
  await must(run, tidying(folder, digest, options.keep !== undefined));
  return words;
}

/** Twice at most: what an earlier upload left may not be what it was. */
async function sent(
  connection: Connection,
  run: Run,
  file: string,
  digest: string,
  place: Place,
  options: CopyOptions,
): Promise<string> {
  const began = performance.now();
  const start = await sizeOf(run, place.partial);
  const { size } = statSync(file);
  const offset = start > size ? 0 : start;
  await stream(connection, file, offset, size, place.partial, options);
  if (await fits(run, place.partial, digest)) {
    const [at, whole] = [place.partial, place.whole].map(shellQuote);
    await must(run, `sync -- ${at}; mv -fT -- ${at} ${whole}`);
    const took = performance.now() - began;
    const rate = `${humanBytes((size - offset) / Math.max(0.001, took / 1000))}/s`;
    return `${humanBytes(size - offset)} in ${humanDuration(took)} (${rate})${offset > 0 ? `, ${humanBytes(offset)} were there` : ''}`;
  }
  await must(run, `rm -f -- ${shellQuote(place.partial)}`);
  if (offset > 0) return sent(connection, run, file, digest, place, options);
  throw new Error('what arrived is not what was sent');
}

/** The shell reads all of its script before it says `go`, so what follows is the file's. */
async function stream(
  connection: Connection,
  file: string,
  offset: number,
  size: number,
  to: string,
  { progress, signal }: CopyOptions,
): Promise<void> {
  const [program = '', ...words] = connection.session(plainShell);
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const abort = () => void child.kill('SIGKILL');
  signal?.addEventListener('abort', abort);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (said += part));
  const ended = new Promise<number>((resolve) => {
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 255));
  });
  child.stdin.on('error', () => {});
  child.stdin.write(
    `{ umask 077; ${offset === 0 ? ':' : `[ -s ${shellQuote(to)} ]`} || exit 1; echo go; exec cat ${offset === 0 ? '>' : '>>'} ${shellQuote(to)}; }\n`,
  );
  const ready = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  await Promise.race([ready, ended]);
  let done = offset;
  const counted = createReadStream(file, { start: offset, highWaterMark: 256 * 1024 });
  counted.on('data', (part) => progress?.((done += part.length), size));
  await pipeline(counted, child.stdin).catch(() => undefined);
  const code = await ended;
  signal?.removeEventListener('abort', abort);
  signal?.throwIfAborted();
  if (code === 255) throw connectionLost(connection.server, said.trim());
  if (code !== 0) throw new Error(said.trim() || `the server's cat ended with exit code ${code}`);
}

async function sizeOf(run: Run, file: string): Promise<number> {
  return Number((await run(`stat -c %s -- ${shellQuote(file)}`)).stdout.trim()) || 0;
}

async function fits(run: Run, file: string, digest: string): Promise<boolean> {
  const { code, stdout } = await run(`[ -f ${shellQuote(file)} ] && sha256sum < ${shellQuote(file)}`);
  return code === 0 && stdout.startsWith(digest);
}

function unpacking(whole: string, to: string, { folder, mode }: { folder: boolean; mode: string }): string {
  const [from, at] = [shellQuote(whole), shellQuote(to)];
  if (!folder) return `cp --reflink=auto -- ${from} ${at} && chmod ${mode} -- ${at} && sync -f -- ${at}`;
  return `mkdir -- ${at} && tar -xf ${from} -C ${at} --no-same-owner && sync -f -- ${at}`;
}

/** One is kept: the next deploy may be of the same artifact. */
function tidying(folder: string, digest: string, keep: boolean): string {
  const at = shellQuote(folder);
  return keep ? `find ${at} -type f ! -name '${digest}*' -delete` : `rm -rf -- ${at}`;
}

async function must(run: Run, script: string): Promise<void> {
  const { code, stderr } = await run(script);
  if (code !== 0) throw new Error(stderr.trim() || `exit code ${code}`);
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(file)) hash.update(part as Buffer);
  return hash.digest('hex');
}
