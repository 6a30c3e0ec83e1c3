import { stringify } from 'yaml';
import type { Facts } from './detect.ts';
import { flow } from './docs.ts';
import { fields, type Field } from './json-schema.ts';
import { l4Keys } from './rules-router.ts';

/** A `cutover.yaml` for these facts: what is set works as it stands, every other option is a comment with its default. */
export function initText(facts: Facts): string {
  const set = settings(facts);
  const blocks = fieldsFor(facts).map((field) =>
    set[field.path[0] ?? ''] === undefined ? commented(field) : said(field, set[field.path[0] ?? '']),
  );
  return `${[...opening, ...facts.assumed.map((each) => `# Assumed: ${each}.`)].join('\n')}\n\n${blocks.join('\n\n')}\n`;
}

/** What is for containers, or for a switch without nginx, would be a mistake in another file. */
function fieldsFor({ runtime }: Facts): readonly Field[] {
  return fields()
    .filter(({ path }) => path[0] !== 'container' || runtime === 'docker')
    .map((field) => (field.path[0] === 'router' ? { ...field, fields: field.fields.filter(isOfNginx) } : field));
}

function isOfNginx({ path }: Field): boolean {
  return !l4Keys.includes(path[1] ?? '');
}

const opening = [
  '# How cutover deploys this application. Next: `cutover setup` once per server, then `cutover deploy`.',
  '# What is commented out shows an option: its default, or an example where the default depends on something or is nothing.',
];

function settings(facts: Facts): Readonly<Record<string, unknown>> {
  return {
    app: facts.app,
    artifact: facts.artifact,
    run: facts.run,
    runtime: facts.runtime,
    health: facts.healthPath === undefined ? undefined : { path: facts.healthPath },
    router: facts.adopted === undefined ? undefined : { mode: 'adopted', ...facts.adopted },
    upstream: facts.server === undefined ? undefined : { server: facts.server },
  };
}

function said(field: Field, value: unknown): string {
  const lines = stringify({ [field.path.join('.')]: value }, { lineWidth: 0 }).trimEnd();
  const names = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const rest = field.fields.filter(({ path }) => !names.includes(path.at(-1) ?? ''));
  return [about(field), lines, ...rest.flatMap((each) => optionLines(each, '  '))].join('\n');
}

function commented(field: Field): string {
  if (field.fields.length === 0) return [about(field), ...optionLines(field, '', false)].join('\n');
  return [about(field), `# ${field.path.join('.')}:`, ...field.fields.flatMap((each) => optionLines(each, '  '))].join(
    '\n',
  );
}

function about(field: Field): string {
  return `# ${field.description}${standardInWords(field)}`;
}

/** `# key: value`, which is right once the `# ` is taken away; with the short meaning where it has no line of its own. */
function optionLines(field: Field, indent: string, withMeaning = true): string[] {
  const name = field.path.at(-1) ?? '';
  const meaning = withMeaning ? `  # ${firstSentence(field.description)}${standardInWords(field)}` : '';
  if (field.fields.length > 0) return [`# ${indent}${name}:${meaning}`, ...insideLines(field, indent)];
  return [`# ${indent}${name}: ${flow(field.standard ?? field.samples[0] ?? null)}${meaning}`];
}

/** The first key of an entry of a list stands behind its dash. */
function insideLines({ fields: inside, isList }: Field, indent: string): string[] {
  return inside.flatMap((each, at) => {
    const lead = at === 0 ? '  - ' : '    ';
    return optionLines(each, `${indent}${isList ? lead : '  '}`);
  });
}

function standardInWords({ otherwise }: Field): string {
  return otherwise === undefined ? '' : ` Default: ${otherwise}.`;
}

function firstSentence(description: string): string {
  return /^.*?\.(?=\s|$)/.exec(description)?.[0] ?? description;
}
