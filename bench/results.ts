import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lab/paths.ts';

const file = join(root, 'bench', 'results.md');

/** A section with its title, as `results.md` has it. */
export interface Section {
  readonly title: string;
  readonly text: string;
}

/** The whole file, when all sections were measured together. */
export function writeResults(heading: string, sections: readonly Section[]): void {
  writeFileSync(file, [heading, ...sections.map(written)].join('\n'));
}

/** Only these sections, each with when and where it was measured: it takes the place of the one before, or comes last. */
export function updateResults(sections: readonly Section[], heading: string): void {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : heading;
  const [measured = ''] = heading.split('\n').slice(2);
  const own = sections.map(({ title, text }) => ({ title, text: `${text.trim()}\n\n${measured}` }));
  writeFileSync(
    file,
    own.reduce((text, section) => replaced(text, section), before),
  );
}

export function written({ title, text }: Section): string {
  return `## ${title}\n\n${text.trim()}\n`;
}

function replaced(all: string, section: Section): string {
  const start = all.indexOf(`## ${section.title}\n`);
  if (start === -1) return `${all.trimEnd()}\n\n${written(section)}`;
  const next = all.indexOf('\n## ', start);
  return `${all.slice(0, start)}${written(section)}${next === -1 ? '' : all.slice(next)}`;
}
