import * as z from 'zod';
import { isMap } from './mistake.ts';
import { schema } from './schema.ts';

/** A field of `cutover.yaml`, flattened for people: where it is, what it takes, what it is when it is not said. */
export interface Field {
  readonly path: readonly string[];
  readonly description: string;
  /** As written in the file; undefined when the field must be there or has no value by default. */
  readonly standard: unknown;
  /** The default in words, where it depends on something else. */
  readonly otherwise: string | undefined;
  readonly samples: readonly unknown[];
  readonly required: boolean;
  /** Values of a choice. */
  readonly choices: readonly string[];
  /** Empty for a plain value. */
  readonly fields: readonly Field[];
  /** It is a list, and `fields` are of each of its entries. */
  readonly isList: boolean;
}

/** The JSON Schema that editors use to complete and check the file. */
export function jsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    override({ jsonSchema: node }) {
      const { otherwise, samples } = node;
      // zod leaves `examples` out where a value is transformed, hence a name of our own.
      if (Array.isArray(samples)) node.examples = samples;
      if (typeof otherwise === 'string') node.description = `${node.description ?? ''} Default: ${otherwise}.`;
      delete node['otherwise'];
      delete node['samples'];
      delete node['section'];
      if (isMap(node.default) && Object.keys(node.default).length === 0) delete node.default;
    },
  });
  const properties = rest.properties as Record<string, object>;
  return {
    $schema,
    title: 'cutover.yaml',
    description: 'Configuration of cutover, zero-downtime deployment for the servers you already have.',
    ...rest,
    properties: { ...properties, router: { anyOf: [properties['router'], { enum: ['l4', 'none'] }] } },
  };
}

/** All fields in the order of the schema. */
export function fields(): readonly Field[] {
  return fieldsOf(z.toJSONSchema(schema, { io: 'input' }), []);
}

function fieldsOf(node: object, above: readonly string[]): Field[] {
  const properties = 'properties' in node && isMap(node.properties) ? node.properties : {};
  const required = 'required' in node && Array.isArray(node.required) ? node.required : [];
  return Object.entries(properties).flatMap(([name, child]) =>
    isMap(child) ? [fieldOf(child, [...above, name], required.includes(name))] : [],
  );
}

function fieldOf(node: Readonly<Record<string, unknown>>, path: readonly string[], required: boolean): Field {
  const { description, otherwise, samples } = node;
  const inside = fieldsOf(longForm(node), path);
  return {
    path,
    description: typeof description === 'string' ? description : '',
    standard: inside.length > 0 || isEmptyMap(node['default']) ? undefined : node['default'],
    otherwise: typeof otherwise === 'string' ? otherwise : undefined,
    samples: Array.isArray(samples) ? samples : [],
    required,
    choices: Array.isArray(node['enum']) ? node['enum'].map(String) : [],
    fields: inside,
    isList: inside.length > 0 && node['type'] === 'array',
  };
}

/** What may be written short and long, or is a list, has keys that are told only where the schema calls it a section. */
function longForm(node: Readonly<Record<string, unknown>>): object {
  if (node['section'] !== true) return node;
  const forms = Array.isArray(node['anyOf']) ? node['anyOf'] : [node['items']];
  return forms.find((form): form is object => isMap(form) && 'properties' in form) ?? node;
}

function isEmptyMap(value: unknown): boolean {
  return isMap(value) && Object.keys(value).length === 0;
}
