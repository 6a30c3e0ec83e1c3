import { fleetStatusJsonSchema, statusJsonSchema } from '../core/status-schema.ts';
import { configurationPage } from './docs.ts';
import { jsonSchema } from './json-schema.ts';

/** Files that are made from the schema; paths from the root of the repository. */
export function generated(): readonly { readonly path: string; readonly content: string }[] {
  return [
    {
      path: 'schema/cutover.schema.json',
      content: `${JSON.stringify(jsonSchema(), undefined, 2)}\n`,
    },
    {
      path: 'schema/status.schema.json',
      content: `${JSON.stringify(statusJsonSchema(), undefined, 2)}\n`,
    },
    {
      path: 'schema/fleet-status.schema.json',
      content: `${JSON.stringify(fleetStatusJsonSchema(), undefined, 2)}\n`,
    },
    { path: 'docs/configuration.md', content: configurationPage() },
  ];
}
