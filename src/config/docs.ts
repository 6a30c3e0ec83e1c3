import { stringify } from 'yaml';
import { placeholders } from './command.ts';
import { fields, type Field } from './json-schema.ts';

/** The page `docs/configuration.md`. */
export function configurationPage(): string {
  const all = fields();
  const plain = all.filter((field) => field.fields.length === 0);
  const sections = all.filter((field) => field.fields.length > 0);
  return `${[opening, '## The application', table(plain), ...sections.map(section), closing].join('\n\n')}\n`;
}

const opening = `# Configuration

<!-- Made by \`npm run docs\` from src/config/schema.ts. Change it there. -->

cutover reads \`cutover.yaml\` in the folder in which it is called, or the file named with \`--config\`. Three lines are enough for a Spring Boot jar:

\`\`\`yaml
app: shop
artifact: build/libs/*.jar
domain: shop.example.com
\`\`\`

An application in Node:

\`\`\`yaml
app: shop
artifact: .
domain: shop.example.com
run: node {artifact}/server.js
health:
  path: /health
\`\`\`

Behind a certificate, as a user of its own, with secrets and a migration before the start:

\`\`\`yaml
app: shop
artifact: target/*.jar
domain: [shop.example.com, www.shop.example.com]
user: shop
env:
  SPRING_PROFILES_ACTIVE: prod
env_file: .env.production
router:
  tls:
    certificate: /etc/letsencrypt/live/shop.example.com/fullchain.pem
    key: /etc/letsencrypt/live/shop.example.com/privkey.pem
hooks:
  before_start:
    run: ./migrate.sh {release}
    deadline: 5m
\`\`\`

\`cutover init\` writes a file that fits the folder, with every option in it as a comment.

**Mistakes** are all reported at once, each with its place, and nothing is touched:

\`\`\`
cutover.yaml:4:11 slots.green: unknown key "prot" (did you mean "port"?)
\`\`\`

**In an editor** that knows YAML schemas, a first line with the path of the schema gives completion and checks. It is part of the package, in the folder that \`npm root -g\` prints:

\`\`\`yaml
# yaml-language-server: $schema=/usr/lib/node_modules/cutover/schema/cutover.schema.json
\`\`\`

**How values are written.** Times: \`500ms\`, \`30s\`, \`5m\`, \`1h\`, or a number of seconds. Sizes: \`64k\`, \`512M\`, \`1g\`, or a number of bytes. Relative paths start at the folder of the file.
Paths that nginx reads may hold letters, digits and \`/ . _ @ + , : = % -\` only, and no \`..\`, so that no value can change the meaning of its configuration.

**Commands** are a list of words, or a line that is split at spaces and quotes as a shell would do it. No shell runs them, so \`|\`, \`>\`, \`&&\` and \`$NAME\` are mistakes unless quoted or given with \`shell: true\`. ${placeholders.map((name) => `\`{${name}}\``).join(', ')} are filled in, or fewer where an option says so. Commands on the server run in the folder of this file, or over ssh in the state directory.`;

const closing = `## Where it is kept

The file is read on the machine that deploys. What was read is kept in \`~/.cache/cutover\` (or \`$XDG_CACHE_HOME/cutover\`), readable only by you, so that the next command starts faster; so is what Node compiled of cutover itself. The values of \`env_file\` are never kept there.
It may be removed at any time.`;

function section(field: Field): string {
  const flat = field.fields.flatMap((each) => [each, ...each.fields]);
  return [`## \`${field.path.join('.')}\``, field.description, example(field), table(flat)].join('\n\n');
}

function table(rows: readonly Field[]): string {
  const lines = rows.map(
    (field) =>
      `| \`${field.path.slice(field.path.length > 1 ? 1 : 0).join('.')}\` | ${cell(meaning(field))} | ${cell(standardOf(field))} |`,
  );
  return ['| key | what it does | default |', '| --- | --- | --- |', ...lines].join('\n');
}

function meaning(field: Field): string {
  const shown = field.samples.map((value) => `\`${flow(value)}\``).join(' or ');
  const choices = field.choices.map((choice) => `\`${choice}\``).join(', ');
  const missing = field.choices.some((choice) => !field.description.includes(`\`${choice}\``));
  return [field.description, missing ? `One of ${choices}.` : '', shown === '' ? '' : `Example: ${shown}`]
    .filter(Boolean)
    .join(' ');
}

function standardOf(field: Field): string {
  if (field.standard !== undefined) return `\`${flow(field.standard)}\``;
  if (field.required) return '**required**';
  if (field.otherwise !== undefined) return field.otherwise.replaceAll(/[{<][a-z]+[}>]/g, '`$&`');
  return field.fields.length > 0 ? '' : 'none';
}

/** The section with its defaults, or with what it could say where there are none. */
function example(field: Field): string {
  const defaults = field.fields.filter(
    ({ standard, required }) => required || (standard !== undefined && standard !== false),
  );
  const told = defaults.length > 0 ? defaults : field.fields.filter(({ samples }) => samples.length > 0);
  const section = Object.fromEntries(told.map(({ path, standard, samples }) => [path.at(-1), standard ?? samples[0]]));
  return `\`\`\`yaml\n${stringify({ [field.path.join('.')]: section }, { lineWidth: 0 })}\`\`\``;
}

/** A value on one line, as it can stand in the file. */
export function flow(value: unknown): string {
  return stringify(value, {
    collectionStyle: 'flow',
    lineWidth: 0,
    flowCollectionPadding: false,
  }).trim();
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
