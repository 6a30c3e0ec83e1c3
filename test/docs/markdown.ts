import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../../lab/paths.ts';

export interface Page {
  readonly path: string;
  readonly text: string;
  /** Depths of the headings, in order: `[1, 2, 2, 3]`. */
  readonly headings: readonly number[];
  /** Fenced blocks with their language. */
  readonly blocks: readonly string[];
  readonly images: readonly string[];
}

export function page(path: string): Page {
  const text = readFileSync(join(root, path), 'utf8');
  const prose = text.replaceAll(fence, '');
  return {
    path,
    text,
    headings: [...prose.matchAll(/^(#+) /gm)].map(([, marks = '']) => marks.length),
    blocks: [...text.matchAll(fence)].map(([block]) => block),
    images: [...prose.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, target = '']) => target),
  };
}

/** Rows and columns of every table. */
export function tables({ text }: Page): readonly string[] {
  const found = text.replaceAll(fence, '').match(/(^\|.*\|\n)+/gm) ?? [];
  return found.map((table) => {
    const rows = table.trim().split('\n');
    return `${rows.length} × ${(rows[0]?.split('|').length ?? 2) - 2}`;
  });
}

/** Relative links, of pages and into them, that lead nowhere. */
export function brokenLinks({ path, text }: Page): readonly string[] {
  const targets = [...text.replaceAll(fence, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target) && !leads(path, target));
}

const fence = /^```[^\n]*\n[\s\S]*?^```$/gm;

function leads(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const to = file === '' ? from : join(dirname(from), file);
  if (!existsSync(join(root, to))) return false;
  return anchor === undefined || anchors(to).includes(anchor);
}

/** As GitHub makes them of headings. */
function anchors(path: string): readonly string[] {
  const headings = [...readFileSync(join(root, path), 'utf8').matchAll(/^#+ (.*)$/gm)];
  return headings.map(([, words = '']) =>
    words
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
