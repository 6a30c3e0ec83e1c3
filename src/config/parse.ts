import { basename } from 'node:path';
import { LineCounter, parseDocument, type Document } from 'yaml';
import { Failure } from '../core/failure.ts';
import type { Config } from './config.ts';
import { explain } from './issues.ts';
import { isMap, showPath, type Mistake } from './mistake.ts';
import { placeOf, restoreTexts, strangeKeys } from './place.ts';
import { pathMistakes, resolveConfig } from './resolve.ts';
import { rolesIn, type RoleText } from './roles.ts';
import { findContradictions } from './rules.ts';
import { schema } from './schema.ts';

/** A mistake at its place: offset into the text and the words for it. */
interface Finding {
  readonly offset: number;
  readonly said: string;
}

/** Reads the text of a `cutover.yaml`. `file` is its absolute path. Rejects with every mistake at once. */
export function parseConfig(file: string, text: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
  });
  const syntax = [...document.errors, ...document.warnings].map((error) => ({
    offset: error.pos[0],
    said: sayError(error, text),
  }));
  if (document.errors.some(({ code }) => code !== 'DUPLICATE_KEY')) throw invalid(file, lines, syntax);
  const { config, findings } = read(file, document);
  if (config === undefined || syntax.length + findings.length > 0) throw invalid(file, lines, [...syntax, ...findings]);
  return config;
}

function sayError({ code, message, pos: [at] }: Document.Parsed['errors'][number], text: string): string {
  if (code === 'DUPLICATE_KEY') return `the key "${/^[^:\s]+/.exec(text.slice(at))?.[0] ?? ''}" is there twice`;
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1).split('\n', 1)[0] ?? '';
  const braces = /(:|-)\s+\{(artifact|port|slot|release)\}/.test(line);
  return braces ? `${message} (put a value that begins with "{" in quotes)` : message;
}

function read(file: string, document: Document.Parsed): { config?: Config; findings: Finding[] } {
  const strange = strangeKeys(document);
  const place = (mistake: Mistake) => ({ offset: placeOf(document, mistake), said: say(mistake) });
  if (document.contents === null)
    return {
      findings: [{ offset: 0, said: 'the file is empty; it needs at least app and artifact' }],
    };
  restoreTexts(document);
  const written = plainValue(document);
  if ('message' in written) return { findings: [{ offset: 0, said: written.message }] };
  const { config, mistakes } = understood(file, written.value);
  const found = [...strange, ...mistakes];
  if (!config || found.length > 0) return { findings: found.map(place) };
  const roles = rolesIn(written.value).map((role) => ({ ...role, ...understood(file, role.value) }));
  const configs = roles.flatMap(({ name, config: own }) => (own ? [[name, own] as const] : []));
  return {
    config: { ...config, roles: Object.fromEntries(configs) },
    findings: roles.flatMap(roleMistakes).map(place),
  };
}

interface Understood {
  readonly config?: Config;
  readonly mistakes: readonly Mistake[];
}

function understood(file: string, whole: unknown): Understood {
  const value = spelledOut(whole);
  const result = schema.safeParse(value);
  const contradictions = findContradictions(value);
  if (!result.success) return { mistakes: [...explain(result.error.issues, value), ...contradictions] };
  if (contradictions.length > 0) return { mistakes: contradictions };
  const config = resolveConfig(file, result.data, isMap(value) ? Object.keys(value) : []);
  return { config, mistakes: pathMistakes(config) };
}

function roleMistakes({ name, mistakes, foreign }: RoleText & Understood): readonly Mistake[] {
  const common = foreign.map((key) => ({ path: ['roles', name], key, message: `${key} is the same for all roles` }));
  return [...common, ...mistakes.map((mistake) => ({ ...mistake, path: ['roles', name, ...mistake.path] }))];
}

/** `router: l4` and `router: none` need no more words. */
function spelledOut(value: unknown): unknown {
  const mode = isMap(value) ? value['router'] : undefined;
  return isMap(value) && (mode === 'l4' || mode === 'none') ? { ...value, router: { mode } } : value;
}

function say({ path, message }: Mistake): string {
  return path.length === 0 ? message : `${showPath(path)}: ${message}`;
}

/** Too many aliases make this throw; there is no code to tell it by. */
function plainValue(document: Document.Parsed): { value: unknown } | { message: string } {
  try {
    return { value: document.toJS() };
  } catch (error) {
    return { message: error instanceof Error ? error.message : String(error) };
  }
}

function invalid(file: string, lines: LineCounter, findings: readonly Finding[]): Failure {
  const sorted = findings.toSorted((a, b) => a.offset - b.offset);
  const told = sorted.map(({ offset, said }) => {
    const { line, col } = lines.linePos(offset);
    return `${basename(file)}:${line}:${col} ${said}`;
  });
  const unique = [...new Set(told)];
  return new Failure({
    code: 'CONFIG_INVALID',
    what: `${basename(file)} has ${unique.length === 1 ? '1 mistake' : `${unique.length} mistakes`}`,
    why: unique.join('\n'),
    fix: `correct ${file}; nothing was touched`,
    exit: 3,
  });
}
