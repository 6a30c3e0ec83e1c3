import type { Context } from '../context.ts';
import { fine, unknown, warning, wrong, type Check, type Finding } from '../finding.ts';
import { placeOf, walk, type Directive } from '../nginx/directive.ts';
import { blocksOf, flat, passesOf, servers, serverOf } from '../nginx/scope.ts';

/** The include outside the server block, in another server's block, or nowhere. */
export const include: Check = {
  id: 'include',
  group: 'nginx',
  trap: 9,
  title: 'include is in place',
  check(context) {
    const { config, nginx } = context;
    const [first] = nginx.unread;
    if (first !== undefined && nginx.tree.length === 0) return unreadable(first);
    return config.router.mode === 'managed' ? managedSite(context) : adoptedInclude(context);
  },
};

function managedSite({ config, nginx }: Context): Finding {
  const name = `cutover-${config.app}.conf`;
  const ours = servers(nginx.tree).filter(({ file }) => file.endsWith(`/${name}`));
  const [site] = ours;
  const closed = nginx.unread.find((file) => file.endsWith(`/${name}`));
  if (closed !== undefined) return unreadable(closed);
  if (!site)
    return wrong(
      `${config.router.conf} does not include ${name}`,
      'run `sudo cutover setup`; is its folder in `router.sites` included?',
    );
  const rival = servers(nginx.tree).find(
    (server) =>
      !ours.includes(server) && shares(server, config.domains) && ours.some((one) => listensAlike(server, one)),
  );
  if (rival)
    return wrong(
      `another server block has the same name: ${placeOf(rival)}`,
      'take the name out of one of them: nginx takes the first',
    );
  return fine(`${placeOf(site)}, for ${config.domains.join(', ') || 'every name'}`);
}

function adoptedInclude({ config, nginx }: Context): Finding {
  const { include: file, variable } = config.router;
  const found = walk(nginx.tree).filter(
    ({ directive }) => directive.name === 'include' && directive.words.includes(file),
  );
  if (found.length === 0)
    return wrong(
      `no server block includes ${file}`,
      `put \`include ${file};\` into the server block of ${config.domains[0] ?? 'the app'}`,
    );
  const placed = found.map(({ directive, above }) => ({ directive, block: blocksOf(above).at(-1) }));
  const outside = placed.find(({ block }) => block?.name !== 'server');
  if (outside)
    return wrong(
      `${placeOf(outside.directive)} includes it in ${outside.block?.name ?? 'no block'}, not in a server block`,
      'move the line into the server block, before its locations',
    );
  const inside = placed.flatMap(({ block }) => block ?? []);
  const named = inside.find((server) => shares(server, config.domains));
  if (config.domains.length > 0 && !named)
    return warning(
      `its server block is not the one of ${config.domains[0] ?? ''}`,
      `include it where \`server_name ${config.domains[0] ?? ''};\` is`,
    );
  return passed(nginx.tree, inside, variable);
}

function passed(tree: readonly Directive[], inside: readonly Directive[], variable: string): Finding {
  const passes = passesOf(tree, variable);
  const unset = passes.find((pass) => !inside.includes(serverOf(pass) ?? pass.pass));
  if (unset)
    return wrong(
      `${placeOf(unset.pass)} passes to $${variable}, which is not set in its server block`,
      'include the file there, too',
    );
  if (passes.length === 0)
    return wrong(
      `the file is included, but nothing passes to $${variable}`,
      `\`proxy_pass $${variable};\` in the location`,
    );
  const early = inside.map((server) => usedBefore(server, variable)).find(Boolean);
  if (early) return wrong(`${placeOf(early)} uses $${variable} before it is set`, 'move the include above it');
  return fine(`${inside.map(placeOf).join(', ')}; $${variable} is set before it is used`);
}

/** `set`, `if`, `rewrite` and `return` of a server block run in their order; `proxy_pass` runs after all of them. */
function usedBefore(server: Directive, variable: string): Directive | undefined {
  const order = flat(server.inside);
  const set = order.findIndex(({ name, words }) => name === 'set' && words[0] === `$${variable}`);
  return order
    .slice(0, set === -1 ? order.length : set)
    .find(
      ({ name, words }) =>
        ['set', 'if', 'rewrite', 'return'].includes(name) && words.some((word) => word.includes(`$${variable}`)),
    );
}

function shares(server: Directive, domains: readonly string[]): boolean {
  const names = flat(server.inside).flatMap(({ name, words }) => (name === 'server_name' ? words : []));
  return names.some((name) => domains.includes(name));
}

/** Two blocks of one name are rivals only on the same address; our redirect is no rival of our site. */
function listensAlike(a: Directive, b: Directive): boolean {
  const ports = (server: Directive) =>
    flat(server.inside).flatMap(({ name, words }) =>
      name === 'listen' ? ((words[0] ?? '').split(':').at(-1) ?? []) : [],
    );
  const those = ports(b);
  return ports(a).some((port) => those.includes(port));
}

function unreadable(file: string): Finding {
  return unknown(`only root may read ${file}`, '`sudo cutover doctor`');
}
