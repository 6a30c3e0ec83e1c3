import { isAlias, isMap, isNode, isScalar, isSeq, visit, type Document, type Pair, type Scalar } from 'yaml';
import type { Mistake, Path } from './mistake.ts';

/** Offset into the text at which a mistake is shown: the key itself, the value, or the nearest thing around it. */
export function placeOf(document: Document.Parsed, { path, key }: Mistake): number {
  const whole = key === undefined ? path : [...path, key];
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const [index, part] of whole.entries()) {
    const inside = isAlias(node) ? node.resolve(document) : node;
    const pair = isMap(inside) ? inside.items.find((each) => nameOf(each) === String(part)) : undefined;
    const next = isSeq(inside) && typeof part === 'number' ? inside.items[part] : pair?.value;
    if (pair === undefined && next === undefined) return offset;
    const atKey =
      pair !== undefined && (index < whole.length - 1 || key !== undefined || !isScalar(next) || isEmpty(next));
    offset = startOf(atKey ? pair.key : next);
    node = next;
  }
  return offset;
}

/** Texts that YAML takes for numbers or booleans (`1.10`, `on: true`) get back what was written. */
export function restoreTexts(document: Document.Parsed): void {
  visit(document, {
    Scalar(position, node, ancestors) {
      if (position === 'key' || typeof node.value === 'string' || node.value === null || node.source === undefined)
        return;
      if (isText(pathOf(position, ancestors))) node.value = node.source;
    },
  });
}

/** Keys that JavaScript would swallow. */
export function strangeKeys(document: Document.Parsed): Mistake[] {
  const found: Mistake[] = [];
  visit(document, {
    Pair(_, pair, ancestors) {
      const name = nameOf(pair);
      if (name === '__proto__')
        found.push({
          path: pathOf('value', ancestors),
          key: name,
          message: `unknown key "${name}"`,
        });
    },
  });
  return found;
}

const texts = [/^env\.[^.]*$/, /^run\.\d+$/, /^health\.(command\.\d+|header\.[^.]*)$/, /^hooks\.\w+(\.run)?\.\d+$/];

function isText(path: Path): boolean {
  return texts.some((pattern) => pattern.test(path.join('.')));
}

/** Path of a visited node; `ancestors` are the nodes and pairs above it. */
function pathOf(position: string | number | null, ancestors: readonly unknown[]): Path {
  const steps = ancestors.flatMap((node, index): (string | number)[] => {
    const parent = ancestors[index - 1];
    if (isPairLike(node)) return [nameOf(node)];
    return isSeq(parent) ? [parent.items.indexOf(node)] : [];
  });
  return typeof position === 'number' && isSeq(ancestors.at(-1)) ? [...steps, position] : steps;
}

function isPairLike(node: unknown): node is Pair {
  return typeof node === 'object' && node !== null && 'key' in node && 'value' in node && !isScalar(node);
}

function nameOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

/** `key:` with nothing behind it. */
function isEmpty({ range }: Scalar): boolean {
  return range === undefined || range === null || range[0] === range[1];
}

function startOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}
