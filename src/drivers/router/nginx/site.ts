import type { Config } from '../../../config/config.ts';
import type { Slot } from '../../../core/slot.ts';
import { accessLogFormat, accessLogLine, ownLogLine } from './access-log.ts';
import { endpoint } from '../../../core/endpoint.ts';
import { marksStreams, streamSource } from './connections.ts';
import { hidden, lookedAt, sharingLines, sharingMaps, type SharingFacts } from './sharing.ts';
import { streamUpstreamName, streamUpstreams, underscored, upstreamName, upstreams } from './upstreams.ts';

/** What the text depends on beside the configuration. */
export interface SiteFacts {
  /** Directory that holds one empty file, named after the live slot. */
  traffic: string;
  /** Secret part of the path at which the front door tells which slot answers. */
  token: string;
  /** nginx understands `http2 on` (1.25.1 and later). */
  http2Directive: boolean;
  /** nginx understands `keepalive_min_timeout` (1.27.4 and later). */
  keepaliveMinTimeout: boolean;
  /** File for our access log, or undefined to leave logging as it is. */
  log: string | undefined;
  /** Traffic can be shared between the slots. */
  sharing?: SharingFacts;
}

const heading = (app: string) =>
  `# Written by \`cutover setup\` for ${app}. Do not edit: setup overwrites it, \`cutover setup --remove\` takes it back.\n`;

/** The whole site of `managed`. */
export function managedSite(config: Config, facts: SiteFacts): string {
  const { tls } = config.router;
  const plain = config.router.listen.length > 0 ? config.router.listen : ['80'];
  const redirects = tls?.redirect ?? false;
  const name = serverName(config);
  return [
    heading(config.app),
    upstreams(config),
    marksStreams(config) ? streamUpstreams(config) : '',
    facts.log ? accessLogFormat(config) : '',
    facts.sharing ? sharingMaps(config, facts.sharing) : '',
    upgradeMaps(config.app),
    redirects ? redirect(plain, name) : '',
    'server {',
    ...(redirects ? [] : plain.map((listen) => `  listen ${listen};`)),
    ...tlsLines(config, facts),
    `  server_name ${name};`,
    indent(serverBody(config, facts)),
    '}\n',
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** What goes to the `http` level in `adopted`: the upstreams that the include names. */
export function adoptedUpstreams(config: Config, { sharing }: Pick<SiteFacts, 'sharing'> = {}): string {
  return `${heading(config.app)}\n${upstreams(config)}${sharing ? `\n${sharingMaps(config, sharing)}` : ''}`;
}

/** The user's include file in `adopted`: the classic one's variable, decided by the marker. */
export function adoptedInclude(config: Config, facts: SiteFacts): string {
  const { variable } = config.router;
  return `${heading(config.app)}open_file_cache off;
${facts.sharing ? `${sharingLines(config, facts.traffic)}\n` : ''}${choice(variable, 'http://', config, facts)}
${tellingLocation(facts, '', `$${variable}`, config)}`;
}

/** The include file of `classic`, rewritten at every switch. */
export function classicInclude(config: Config, facts: SiteFacts, slot: Slot): string {
  const { variable } = config.router;
  const gentle = facts.keepaliveMinTimeout ? 'keepalive_min_timeout 500ms;\n' : '';
  return `set $${variable} http://${endpoint(config, slot)};
${gentle}${tellingLocation(facts, '', `$${variable}`, config)}`;
}

/** What every location inherits. A location with headers of its own must name these again. */
const forwarded = `proxy_set_header Host $http_host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host $http_host;
proxy_set_header X-Forwarded-Port $server_port;`;

/**
 * One look at the marker decides each request; what streams leaves the first location before it
 * looks there. The order and the `=` are measured: see bench/NOTES.md.
 */
function serverBody(config: Config, facts: SiteFacts): string {
  const name = underscored(config.app);
  return `client_max_body_size ${config.router.maxBody};
open_file_cache off;
${facts.sharing ? `${sharingLines(config, facts.traffic)}\n` : ''}${facts.log ? accessLogLine(config, facts.log) : ''}
proxy_http_version 1.1;
proxy_next_upstream error timeout;
proxy_set_header Connection "";
${forwarded}${hidden(config)}

location / {
  error_page 418 = @cutover_stream;
  if ($http_upgrade) { return 418; }
  if ($http_accept = text/event-stream) { return 418; }
${indent(passing(config, facts))}
}

location @cutover_stream {
  proxy_buffering off;
  proxy_read_timeout 1h;
  proxy_send_timeout 1h;
${marksStreams(config) ? `  proxy_bind ${streamSource};\n` : ''}${indent(`${forwarded}${hidden(config)}`)}
  proxy_set_header Connection $cutover_${name}_connection;
  proxy_set_header Upgrade $cutover_${name}_upgrade;
${indent(passing(config, facts, marksStreams(config) ? streamUpstreamName : upstreamName))}
}

${tellingLocation(facts, choice('cutover_slot', 'http://', config, facts), '$cutover_slot', config)}`;
}

/** The look itself. Short and without links, because the look is what costs. */
function passing(config: Config, facts: SiteFacts, name = upstreamName): string {
  return `if (-f ${lookedAt(config, facts)}) { proxy_pass http://${name(config.app, 'green')}; }
proxy_pass http://${name(config.app, 'blue')};`;
}

/** The look where the user's own `proxy_pass` names a variable. It has a value before and after. */
function choice(variable: string, scheme: string, config: Config, facts: SiteFacts): string {
  return `set $${variable} ${scheme}${upstreamName(config.app, 'blue')};
if (-f ${lookedAt(config, facts)}) { set $${variable} ${scheme}${upstreamName(config.app, 'green')}; }
`;
}

/** Asked by cutover alone: goes the way of every request and tells which address answered. */
function tellingLocation(facts: SiteFacts, before: string, target: string, config: Config): string {
  return `location = /.cutover/${facts.token} {
${before === '' ? '' : `${indent(before)}\n`}  ${ownLogLine(config, facts.log)}
  proxy_pass ${target}${healthUri(config)};
  proxy_next_upstream off;
  proxy_connect_timeout 2s;
  proxy_read_timeout 5s;
  add_header X-Cutover-Upstream $upstream_addr always;
}
`;
}

/** A path may hold what ends a word or names a variable in nginx; percent-encoded it means the same to the application. */
function healthUri(config: Config): string {
  const path = config.health.kind === 'http' && config.health.path ? config.health.path : '/';
  return path.replaceAll(/[^A-Za-z0-9/._~?&=%,:@+-]/g, encoded);
}

function encoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Nothing but a WebSocket is upgraded: HTTP clients also offer `h2c`, which must not hold on to a slot. */
function upgradeMaps(app: string): string {
  const name = underscored(app);
  return `map $http_upgrade $cutover_${name}_upgrade {
  default '';
  ~*^websocket$ $http_upgrade;
}
map $http_upgrade $cutover_${name}_connection {
  default '';
  ~*^websocket$ upgrade;
}
`;
}

function tlsLines(config: Config, facts: SiteFacts): readonly string[] {
  const { tls } = config.router;
  if (!tls) return [];
  const listen = tls.listen.length > 0 ? tls.listen : ['443'];
  return [
    ...listen.map((address) => `  listen ${address} ssl${facts.http2Directive ? '' : ' http2'};`),
    ...(facts.http2Directive ? ['  http2 on;'] : []),
    `  ssl_certificate ${tls.certificate};`,
    `  ssl_certificate_key ${tls.key};`,
  ];
}

function redirect(listen: readonly string[], name: string): string {
  return `server {
${listen.map((address) => `  listen ${address};`).join('\n')}
  server_name ${name};
  return 301 https://$host$request_uri;
}
`;
}

export function serverName(config: Config): string {
  return config.domains.length > 0 ? config.domains.join(' ') : '_';
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ').trimEnd();
}
