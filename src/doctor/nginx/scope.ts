import { walk, type Directive } from './directive.ts';

/** A place of the configuration, and what is in force there. Includes are transparent. */
export interface Scope {
  /** Blocks from `http` inwards. */
  blocks: readonly Directive[];
}

/** Places that pass requests to the variable, e.g. `proxy_pass $service_url;`. */
export function passesOf(tree: readonly Directive[], variable: string): readonly (Scope & { pass: Directive })[] {
  return walk(tree)
    .filter(({ directive }) => directive.name === 'proxy_pass' && names(directive.words[0] ?? '', variable))
    .map(({ directive, above }) => ({ pass: directive, blocks: blocksOf(above) }))
    .filter(({ blocks }) => !blocks.some((block) => block.words.some((word) => word.startsWith('/.cutover/'))));
}

export function blocksOf(above: readonly Directive[]): readonly Directive[] {
  return above.filter(({ name }) => name !== 'include');
}

/** Its directives, with those of includes in their place. */
export function flat(inside: readonly Directive[]): readonly Directive[] {
  return inside.flatMap((directive) => (directive.name === 'include' ? flat(directive.inside) : [directive]));
}

/** The value in force: of the innermost block that sets it. */
export function inForce({ blocks }: Scope, name: string): Directive | undefined {
  return inForceAll({ blocks }, name).at(-1);
}

/** Directives that add up, such as `proxy_set_header`: a block that has one inherits none. */
export function inForceAll({ blocks }: Scope, name: string): readonly Directive[] {
  const levels = blocks.map((block) => flat(block.inside).filter((directive) => directive.name === name));
  return levels.findLast((level) => level.length > 0) ?? [];
}

export function serverOf({ blocks }: Scope): Directive | undefined {
  return blocks.find(({ name }) => name === 'server');
}

export function servers(tree: readonly Directive[]): readonly Directive[] {
  return walk(tree).flatMap(({ directive }) =>
    directive.name === 'server' && directive.inside.length > 0 ? [directive] : [],
  );
}

function names(word: string, variable: string): boolean {
  return word.startsWith(`$${variable}`)
    ? !/^[a-z0-9_]/.test(word.slice(variable.length + 1))
    : word.startsWith(`\${${variable}}`);
}
