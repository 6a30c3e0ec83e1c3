import path from 'node:path';
import type { Config } from '../../../config/config.ts';
import { Failure } from '../../../core/failure.ts';
import { otherSlot, type Slot } from '../../../core/slot.ts';
import type { Host, SetupAction } from '../../../ports.ts';
import { atLeast, nginxControl, sitesFolder } from './control.ts';
import { nameConflict, scratchTest } from './scratch.ts';
import { adoptedInclude, adoptedUpstreams, classicInclude, managedSite, type SiteFacts } from './site.ts';
import { frontDoorToken, newToken, tokenFile } from './token.ts';

interface SiteFile {
  path: string;
  content: string;
  why: string;
}

export async function installMarker(host: Host, config: Config): Promise<readonly SetupAction[]> {
  const facts = await siteFacts(host, config);
  const files =
    config.router.mode === 'managed'
      ? await managedFiles(host, config, facts)
      : await adoptedFiles(host, config, facts);
  const rotation = await rotationActions(host, config, facts);
  return [
    ...markerActions(config, facts, await firstSlot(host, config)),
    ...rotation,
    ...(await nginxActions(host, config, files)),
  ];
}

export async function installClassic(host: Host, config: Config): Promise<readonly SetupAction[]> {
  const facts = await siteFacts(host, config);
  const existing = await existingInclude(host, config);
  const slot = existing.includes(`:${config.slots.green};`) ? 'green' : 'blue';
  const include = {
    path: config.router.include,
    content: classicInclude(config, facts, slot),
    why: `names the live port for the server block that includes it`,
  };
  return [tokenAction(config, facts), ...(await nginxActions(host, config, [include]))];
}

export async function siteFacts(host: Host, config: Config): Promise<SiteFacts> {
  const version = await nginxControl(host, config).version();
  return {
    traffic: path.join(config.state, 'traffic'),
    token: (await frontDoorToken(host, config.state)) ?? (await newToken()),
    http2Directive: atLeast(version, [1, 25, 1]),
    keepaliveMinTimeout: atLeast(version, [1, 27, 4]),
    log: config.router.mode === 'managed' ? accessLog(config) : undefined,
  };
}

/** Outside the state directory where that is writable for an ordinary user and nginx's master is root. */
export function accessLog(config: Config): string {
  const folder = config.state.startsWith('/var/lib/')
    ? path.join('/var/log/cutover', config.app)
    : path.join(config.state, 'access');
  return path.join(folder, 'access.log');
}

async function managedFiles(host: Host, config: Config, facts: SiteFacts): Promise<readonly SiteFile[]> {
  const site = path.join(await sitesFolder(host, config), `cutover-${config.app}.conf`);
  return [
    { path: site, content: managedSite(config, facts), why: 'the site: both slots, and the one look that chooses' },
  ];
}

async function adoptedFiles(host: Host, config: Config, facts: SiteFacts): Promise<readonly SiteFile[]> {
  await existingInclude(host, config);
  const upstreams = path.join(path.dirname(config.router.conf), 'conf.d', `cutover-${config.app}-upstreams.conf`);
  return [
    { path: upstreams, content: adoptedUpstreams(config), why: 'both slots, for the server block you keep' },
    {
      path: config.router.include,
      content: adoptedInclude(config, facts),
      why: `decides $${config.router.variable} by one look`,
    },
  ];
}

/** In `adopted` and `classic` the user's server block already includes the file: that is what is adopted. */
async function existingInclude(host: Host, config: Config): Promise<string> {
  const existing = await host.read(config.router.include);
  if (existing !== undefined) return existing;
  throw new Failure({
    code: 'INCLUDE_MISSING',
    exit: 3,
    what: `there is no include file to adopt: ${config.router.include}`,
    why: `router.mode is ${config.router.mode}, which takes over the file that your server block includes`,
    fix: `put \`include ${config.router.include};\` into your server block and \`proxy_pass $${config.router.variable};\` into its location, with the file holding \`set $${config.router.variable} http://127.0.0.1:${config.slots.blue};\``,
  });
}

/** Where the traffic goes when the switch is made: for an adopted include, to the port that it names. */
async function firstSlot(host: Host, { router, slots }: Config): Promise<Slot> {
  if (router.mode === 'managed') return 'blue';
  const include = (await host.read(router.include)) ?? '';
  const names = (slot: Slot) => include.includes(`:${slots[slot]};`);
  return names('green') && !names('blue') ? 'green' : 'blue';
}

function markerActions(config: Config, facts: SiteFacts, first: Slot): readonly SetupAction[] {
  return [
    tokenAction(config, facts),
    { kind: 'directory', path: facts.traffic, mode: 0o755, owner: 'deployer', why: 'what nginx looks at' },
    {
      kind: 'marker',
      path: path.join(facts.traffic, first),
      unless: path.join(facts.traffic, otherSlot(first)),
      why: 'the switch: its name is the live slot; left alone when it is there',
    },
    ...(facts.log ? [logFolder(facts.log)] : []),
  ];
}

function logFolder(log: string): SetupAction {
  return {
    kind: 'directory',
    path: path.dirname(log),
    // nginx's workers must get through to open it again after a rotation.
    mode: 0o751,
    owner: 'group',
    why: 'access log of the front door, in which cutover counts what was lost',
  };
}

/** Only where the log stands among the system's own, and something rotates those. */
async function rotationActions(
  host: Host,
  { app, router }: Config,
  { log }: SiteFacts,
): Promise<readonly SetupAction[]> {
  const folder = '/etc/logrotate.d';
  if (!log?.startsWith('/var/log/') || (await host.run(['test', '-d', folder])).code !== 0) return [];
  const content = `${log} {
  daily
  rotate 7
  maxsize 100M
  missingok
  notifempty
  compress
  delaycompress
  postrotate
    [ ! -f ${router.pid} ] || kill -USR1 "$(cat ${router.pid})"
  endscript
}
`;
  const why = 'the access log is rotated like the others';
  return [{ kind: 'file', path: `${folder}/cutover-${app}`, content, mode: 0o644, owner: undefined, why }];
}

function tokenAction(config: Config, facts: SiteFacts): SetupAction {
  return {
    kind: 'file',
    path: tokenFile(config.state),
    content: `${facts.token}\n`,
    mode: 0o600,
    owner: 'deployer',
    why: 'path at which only cutover asks the front door',
  };
}

/** It would take the traffic of a site that is somebody's, or never get any. */
function siteConflict({ domains, app }: Config) {
  return {
    code: 'SITE_CONFLICT',
    what: `another site of this nginx answers to ${domains[0] ?? 'every name'} already`,
    fix: `keep it and adopt it (\`router.mode: adopted\`), or give ${app} another \`domain\` or \`router.listen\`, or remove it first`,
  };
}

async function nginxActions(host: Host, config: Config, files: readonly SiteFile[]): Promise<readonly SetupAction[]> {
  const control = nginxControl(host, config);
  return [
    {
      kind: 'test',
      argv: scratchTest(config, files),
      refusals: { [nameConflict]: siteConflict(config) },
      why: 'nginx tests the new files in a scratch copy first',
    },
    ...files.map((file) => ({ kind: 'file', mode: 0o644, owner: undefined, ...file }) as const),
    { kind: 'check', argv: [...control.command, '-t', '-q'], why: 'nginx tests the real files' },
    { kind: 'apply', argv: [...control.command, '-s', 'reload'], why: 'the one reload' },
    { kind: 'unapply', argv: [...control.command, '-s', 'reload'], why: 'the reload after they are gone' },
  ];
}
