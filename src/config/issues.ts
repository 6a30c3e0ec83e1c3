import * as z from 'zod';
import { isMap, showPath, valueAt, type Mistake, type Path } from './mistake.ts';
import { schema } from './schema.ts';
import { suggest } from './suggest.ts';

type Issue = z.core.$ZodIssue;

const missing = 'is missing';

/** What zod found, in words for the person who wrote the file. */
export function explain(issues: readonly Issue[], written: unknown): Mistake[] {
  const mistakes = issues.flatMap((issue) => explainIssue(issue, [], written));
  const meant = new Set(mistakes.map(({ path, meant: key }) => (key === undefined ? '' : showPath([...path, key]))));
  return mistakes.filter(({ path, message }) => message !== missing || !meant.has(showPath(path)));
}

function explainIssue(issue: Issue, above: Path, written: unknown): Mistake[] {
  const path = [...above, ...issue.path.filter((part) => typeof part !== 'symbol')];
  const value = valueAt(written, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path));
    case 'invalid_union': {
      const branch = issue.errors.find((each) => each.length > 0 && !each.some(isWrongKind));
      if (branch !== undefined && value !== undefined)
        return branch.flatMap((each) => explainIssue(each, path, written));
      return [{ path, message: value === undefined ? missing : issue.message }];
    }
    case 'invalid_key':
      return [wrongName(path, issue)];
    case 'invalid_value':
      return [{ path, message: value === undefined ? missing : notOneOf(value, issue.values) }];
    case 'invalid_type':
      return [{ path, message: wrongType(issue, value) }];
    default:
      return [{ path, message: issue.message }];
  }
}

function wrongName(path: Path, { issues }: Issue & { code: 'invalid_key' }): Mistake {
  const name = String(path.at(-1));
  return {
    path: path.slice(0, -1),
    key: name,
    message: `the name "${name}" ${issues.map(({ message }) => message).join('; ')}`,
  };
}

/** The branch of a union that this value was certainly not meant for. */
function isWrongKind(issue: Issue): boolean {
  return issue.path.length === 0 && ['invalid_type', 'invalid_value', 'invalid_union'].includes(issue.code ?? '');
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map (key: value)',
  record: 'a map (key: value)',
  array: 'a list',
};

function wrongType(issue: Issue & { code: 'invalid_type' }, value: unknown): string {
  if (value === undefined) return missing;
  if (value === null) return 'has no value';
  if (!issue.message.startsWith('Invalid input')) return issue.message;
  return `must be ${kinds[issue.expected] ?? issue.expected}`;
}

function notOneOf(value: unknown, allowed: readonly unknown[]): string {
  const names = allowed.map(String);
  const near = suggest(String(value), names);
  return `must be ${names.join(', ').replace(/, ([^,]*)$/, ' or $1')}${near === undefined ? '' : ` (did you mean "${near}"?)`}`;
}

function unknownKey(key: string, path: Path): Mistake {
  const tree: unknown = z.toJSONSchema(schema, { io: 'input' });
  const home = ['', ...keysAt(tree, [])].find((section) => keysAt(tree, section === '' ? [] : [section]).includes(key));
  const where = home === '' ? 'at the top of the file' : `under "${home}"`;
  if (home !== undefined) return { path, key, message: `unknown key "${key}" (it belongs ${where})` };
  const meant = suggest(key, keysAt(tree, path));
  if (meant === undefined) return { path, key, message: `unknown key "${key}"` };
  return { path, key, meant, message: `unknown key "${key}" (did you mean "${meant}"?)` };
}

/** Names of the fields that a map at this path may have, from the schema. */
function keysAt(tree: unknown, path: Path): string[] {
  const nodes = path.reduce<unknown[]>(
    (found, part) => found.flatMap((node) => variants(node).map((each) => valueAt(each, ['properties', part]))),
    [tree],
  );
  return nodes.flatMap(variants).flatMap((node) => Object.keys(mapAt(node, 'properties')));
}

function variants(node: unknown): unknown[] {
  const either = valueAt(node, ['anyOf']);
  return Array.isArray(either) ? [node, ...either.flatMap(variants)] : [node];
}

function mapAt(node: unknown, key: string): object {
  const inside = valueAt(node, [key]);
  return isMap(inside) ? inside : {};
}
