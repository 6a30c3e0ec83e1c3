import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';
import { identityOfProgram, keep, keptFile, readKept } from './lib/kept-files.ts';

type Run = (name: string) => unknown;

/**
 * Runs scripts of a folder, which ask for each other by `./name`. What V8 made of one is kept for the next command:
 * to compile half a megabyte takes longer than all else at the start. `env` says where it is kept.
 */
export function compiledScripts(folder: string, env: Readonly<Record<string, string | undefined>>): Run {
  const modules = new Map<string, { exports: unknown }>();
  const run: Run = (name) => {
    const known = modules.get(name);
    if (known) return known.exports;
    const module = { exports: {} as unknown };
    modules.set(name, module);
    const file = path.join(folder, name);
    const require = createRequire(file);
    const ask = (id: string): unknown => (id.startsWith('./') ? run(id.slice(2)) : require(id));
    compiled(file, env)(module.exports, ask, module, file, folder);
    return module.exports;
  };
  return run;
}

type Wrapped = (exports: unknown, require: Run, module: { exports: unknown }, file: string, folder: string) => void;

function compiled(file: string, env: Readonly<Record<string, string | undefined>>): Wrapped {
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'utf8')}\n})`;
  const place = keptFile(env, 'code', `${process.version} ${process.arch} ${file}`);
  const identity = place === undefined ? '' : identityOfProgram(file);
  const cachedData = place === undefined ? undefined : checked(readKept(place), identity);
  const script = new Script(source, { filename: file, ...(cachedData ? { cachedData } : {}) });
  // At the end it has all functions that the command called.
  if (place !== undefined && (!cachedData || script.cachedDataRejected))
    process.once('exit', () => keep(place, sealed(script.createCachedData(), identity)));
  return script.runInThisContext() as Wrapped;
}

/** V8 looks neither at what its code was made from nor whether it is whole: it would run, or fall over, what it is given. */
function headOf(code: Uint8Array, identity: string): string {
  return `${crc32(code)} ${identity}\n`;
}

function sealed(code: Uint8Array, identity: string): Uint8Array {
  return Buffer.concat([Buffer.from(headOf(code, identity)), code]);
}

function checked(kept: Buffer | undefined, identity: string): Buffer | undefined {
  const start = kept ? kept.indexOf('\n') + 1 : 0;
  const code = kept?.subarray(start);
  return code && kept?.toString('utf8', 0, start) === headOf(code, identity) ? code : undefined;
}
