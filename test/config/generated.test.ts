import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { fields, jsonSchema, type Field } from '../../src/config/json-schema.ts';
import { generated } from '../../src/config/generated.ts';
import { l4Keys } from '../../src/config/rules-router.ts';
import { flow } from '../../src/config/docs.ts';
import { mistakesIn } from './support.ts';

it.each(generated())('$path is what the schema says; if not, run `npm run docs`', async ({ path, content }) => {
  expect(await readFile(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(content);
});

const all = fields().flatMap(function inside(field: Field): Field[] {
  return [field, ...field.fields.flatMap(inside)];
});

describe('every field', () => {
  it.each(all.map((field) => [field.path.join('.'), field] as const))('%s is described by a sentence', (_, field) => {
    expect(field.description).toMatch(/^[A-Z0-9].*[.)]$/);
  });

  it.each(
    all
      .filter(({ samples, standard }) => samples.length > 0 || standard !== undefined)
      .map((field) => [field.path.join('.'), field] as const),
  )('%s takes its default and its examples', (_, field) => {
    const given = field.standard === undefined ? field.samples : [field.standard, ...field.samples];
    for (const value of given) expect(mistakesIn(fileWith(field.path, value)), flow(value)).toEqual([]);
  });
});

/** A file that says this, and around it only what it needs to make sense. */
function fileWith(path: readonly string[], value: unknown): string {
  const around: Record<string, unknown> = { app: 'shop', artifact: 'a.jar', run: 'x' };
  if (value === 'udp') around['health'] = { command: ['x'] };
  if (path[0] === 'container' || typeof value === 'object') Object.assign(around, containers(path));
  if (path[0] === 'rollout') around['servers'] = ['shop1', 'shop2'];
  if (path[0] === 'router') around['router'] = { mode: modeFor(path[1] ?? '') };
  if (path[1] === 'pools') around['router'] = { mode: 'l4', pools: { blue: ['10.0.0.1:1'], green: ['10.0.0.1:2'] } };
  if (path[1] === 'addresses')
    around['container'] = { network: 'n', port: 80, addresses: { blue: '10.0.0.1', green: '10.0.0.2' } };
  if (path[1] === 'tls') around['router'] = { tls: { certificate: '/c', key: '/k' } };
  if (path[0] === 'preview') around['preview'] = { secret_file: '.secret' };
  if (path[0] === 'shift') around['shift'] = { stages: [1, 100] };
  if (path[1] === 'metrics') return flow({ ...around, watch: { metrics: [metricWith(path[2] ?? '', value)] } });
  const [last, ...above] = path.toReversed();
  const place = above.toReversed().reduce<Record<string, unknown>>((map, part) => {
    const inside = { ...(map[part] as object | undefined) };
    map[part] = inside;
    return inside;
  }, around);
  place[last ?? ''] = value;
  return flow(around);
}

function metricWith(key: string, value: unknown): Record<string, unknown> {
  const sources: Record<string, object> = { url: {}, prometheus: { query: 'x' }, query: { prometheus: 'http://x' } };
  return { name: 'x', max: 1, ...(sources[key] ?? { command: 'x' }), [key]: value };
}

function modeFor(key: string): string {
  if (l4Keys.includes(key)) return 'l4';
  return ['include', 'variable'].includes(key) ? 'adopted' : 'managed';
}

function containers([first]: readonly string[]): Record<string, unknown> {
  if (first === 'container') return { runtime: 'docker', artifact: 'shop:1' };
  return first === 'artifact' ? { runtime: 'docker' } : {};
}

it('the JSON Schema refuses unknown keys, as the reader does', () => {
  expect(jsonSchema()).toMatchObject({
    type: 'object',
    additionalProperties: false,
    required: ['app', 'artifact'],
  });
});

it('the JSON Schema holds nothing that only we understand', () => {
  expect(JSON.stringify(jsonSchema())).not.toMatch(/"(samples|otherwise|section)":/);
});
