import type { Context } from '../context.ts';
import { fine, later, note, warning, wrong, type Check, type Finding } from '../finding.ts';
import { placeOf, type Directive } from '../nginx/directive.ts';
import { inForce, inForceAll, passesOf, type Scope } from '../nginx/scope.ts';

type Pass = Scope & { pass: Directive };

/** Asks it of the server block that the user keeps; in `managed` the block is ours. */
function ofUsersBlock(managed: string, judge: (pass: Pass, context: Context) => Finding | undefined, good: string) {
  return (context: Context): Finding => {
    const { config, nginx } = context;
    if (config.router.mode === 'managed') return fine(managed);
    const passes = passesOf(nginx.tree, config.router.variable);
    if (passes.length === 0) return later(`once something passes to $${config.router.variable}`);
    return passes.map((pass) => judge(pass, context)).find(Boolean) ?? fine(good);
  };
}

/** With a variable nginx passes the whole path on, or exactly what is written, never the rest of it. */
export const prefix: Check = {
  id: 'location-prefix',
  group: 'nginx',
  trap: 10,
  title: 'paths arrive whole',
  check: ofUsersBlock(
    'one location, /, and the path goes through as it is',
    ({ pass, blocks }, { config }) => {
      const location = blocks.findLast(({ name }) => name === 'location');
      const path = location?.words.at(-1) ?? '/';
      const rewritten = location?.inside.some(({ name, words }) => name === 'rewrite' && words.at(-1) === 'break');
      const rest = (pass.words[0] ?? '').replace(/^\$\{?\w+\}?/, '');
      if (rest !== '' && !rest.includes('$') && !rewritten)
        return wrong(
          `${placeOf(pass)}: with a variable every request would be sent as "${rest}"`,
          `write \`proxy_pass $${config.router.variable};\` without a path`,
        );
      if (location?.words.length === 1 && path !== '/' && !path.startsWith('@') && !rewritten)
        return warning(
          `${placeOf(pass)}: the app gets ${path}… with its prefix, because a variable keeps it`,
          `if the app does not expect it: \`rewrite ^${path.replace(/\/$/, '')}/(.*)$ /$1 break;\` before proxy_pass`,
        );
      return undefined;
    },
    'the path goes through as it is',
  ),
};

const wantedHeaders = [
  ['Host', '$http_host'],
  ['X-Forwarded-For', '$proxy_add_x_forwarded_for'],
  ['X-Forwarded-Proto', '$scheme'],
] as const;

/** Without them login redirects go to http, and the app is called by the name of an upstream. */
export const forwarded: Check = {
  id: 'forwarded-headers',
  group: 'nginx',
  trap: 18,
  title: 'X-Forwarded-*',
  check: ofUsersBlock(
    'Host, X-Forwarded-For, -Proto, -Host and -Port are passed on',
    (scope) => {
      const set = inForceAll(scope, 'proxy_set_header').map(({ words }) => (words[0] ?? '').toLowerCase());
      const missing = wantedHeaders.filter(([name]) => !set.includes(name.toLowerCase()));
      if (missing.length === 0) return undefined;
      return warning(
        `${placeOf(scope.pass)} does not pass on ${missing.map(([name]) => name).join(', ')}`,
        missing.map(([name, value]) => `proxy_set_header ${name} ${value};`).join(' '),
      );
    },
    'Host, X-Forwarded-For and X-Forwarded-Proto are passed on',
  ),
};

/** The application's half of it: Spring ignores the headers unless it is told. */
export const forwardStrategy: Check = {
  id: 'forward-headers-strategy',
  group: 'application',
  trap: 18,
  title: 'believes the proxy',
  async check({ config, view, host }) {
    if (
      config.upstream.server !== 'tomcat' &&
      config.upstream.server !== 'jetty' &&
      config.upstream.server !== 'undertow'
    )
      return later('for Spring Boot only');
    const pid = view?.live && view.slots[view.live].pid;
    const environment = pid ? ((await host.read(`/proc/${pid}/environ`)) ?? '') : '';
    const words = [...(config.run?.argv ?? []), ...Object.keys(config.env), environment].join(' ');
    if (/forward-headers-strategy|FORWARD_HEADERS_STRATEGY|FORWARDHEADERSSTRATEGY/.test(words))
      return fine('server.forward-headers-strategy is set');
    return note(
      'if logins redirect to http: Spring Boot heeds X-Forwarded-* only when it is told',
      'set server.forward-headers-strategy=native in the app, or `env: { SERVER_FORWARD_HEADERS_STRATEGY: native }`',
    );
  },
};

/** WebSockets need the upgrade, server-sent events must not be held back. */
export const streams: Check = {
  id: 'streams',
  group: 'nginx',
  trap: 23,
  title: 'WebSocket and SSE',
  check: ofUsersBlock(
    'both pass, unbuffered, for as long as an hour of silence',
    (scope) => {
      const headers = inForceAll(scope, 'proxy_set_header').map(({ words }) => (words[0] ?? '').toLowerCase());
      const oldHttp = inForce(scope, 'proxy_http_version')?.words[0] !== '1.1';
      if (oldHttp || !headers.includes('upgrade'))
        return note(
          `${placeOf(scope.pass)} passes no WebSocket on`,
          'if the app has any: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;`',
        );
      return undefined;
    },
    'the upgrade is passed on',
  ),
};
