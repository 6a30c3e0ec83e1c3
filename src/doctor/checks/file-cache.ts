import type { Context } from '../context.ts';
import { fine, later, wrong, type Check, type Finding } from '../finding.ts';
import { placeOf, walk, type Directive } from '../nginx/directive.ts';
import { flat, inForce, passesOf } from '../nginx/scope.ts';

/** It remembers for up to a minute whether a file is there, and the switch is a file. */
export const fileCache: Check = {
  id: 'open-file-cache',
  group: 'nginx',
  trap: 8,
  title: 'open_file_cache',
  check(context) {
    const { config, nginx } = context;
    if (config.router.mode === 'classic') return fine('the switch is no file that nginx looks for');
    if (nginx.tree.length === 0) return later('once nginx’s configuration can be read');
    return config.router.mode === 'managed' ? managed(context) : adopted(context);
  },
};

function managed({ config, nginx }: Context): Finding {
  const site = `cutover-${config.app}.conf`;
  const all = walk(nginx.tree).filter(({ directive }) => directive.name === 'open_file_cache');
  const on = all.find(({ directive }) => isOn(directive) && !directive.file.endsWith(`/${site}`));
  const off = all.some(({ directive }) => !isOn(directive) && directive.file.endsWith(`/${site}`));
  if (!on) return fine('it is off');
  if (off) return fine(`on in ${placeOf(on.directive)}, off in our server block`);
  return slow(on.directive);
}

function adopted({ config, nginx }: Context): Finding {
  const cached = passesOf(nginx.tree, config.router.variable)
    .map((pass) => inForce(pass, 'open_file_cache'))
    .find((directive) => directive && isOn(directive));
  return cached ? slow(cached, nginx.tree) : fine('it is off where the switch is looked for');
}

function slow(directive: Directive, tree: readonly Directive[] = []): Finding {
  const valid = flat(tree.flatMap(({ inside }) => inside)).find(({ name }) => name === 'open_file_cache_valid');
  return wrong(
    `${placeOf(directive)} turns it on: workers would see a switch up to ${valid?.words[0] ?? '60s'} late`,
    'write `open_file_cache off;` into the server block of the app, then reload nginx once',
  );
}

function isOn({ words }: Directive): boolean {
  return words[0] !== 'off';
}
