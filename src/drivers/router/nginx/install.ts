import path from 'node:path';
import type { Config } from '../../../config/config.ts';
import { Failure } from '../../../core/failure.ts';
import type { Slot } from '../../../core/slot.ts';
import type { Host, SetupAction } from '../../../ports.ts';
import { endpoint } from '../../../core/endpoint.ts';
import { markerActions } from '../marker-file.ts';
import { splitActions } from '../split-link.ts';
import { liveNow, sharingAction, sharingFacts } from './sharing-install.ts';
import { atLeast, nginxControl, sitesFolder } from './control.ts';
import { mustReachSlots, mustSeeAll } from './edge-checks.ts';
import { hostFile, nginxPlace } from './place.ts';
import { logFolder, rotationActions, seenLog } from './log-files.ts';
import { nameConflict, scratchTest } from './scratch.ts';
import { adoptedInclude, adoptedUpstreams, classicInclude, managedSite, type SiteFacts } from './site.ts';
import { frontDoorToken, newToken, tokenFile } from './token.ts';

interface SiteFile {
  /** As nginx sees it. */
  path: string;
  content: string;
  /** What others may not read, and no list of processes shows. */
  secret: string | undefined;
  why: string;
}

export async function installMarker(host: Host, config: Config): Promise<readonly SetupAction[]> {
  await mustBeReady(host, config);
  const facts = await siteFacts(host, config);
  const files =
    config.router.mode === 'managed'
      ? await managedFiles(host, config, facts)
      : await adoptedFiles(host, config, facts);
  const rotation = facts.log ? await rotationActions(host, config) : [];
  return [
    ...switchActions(config, facts, await liveNow(host, config)),
    ...rotation,
    ...(await nginxActions(host, config, files)),
  ];
}

export async function installClassic(host: Host, config: Config): Promise<readonly SetupAction[]> {
  await mustBeReady(host, config);
  const facts = await siteFacts(host, config);
  await existingInclude(host, config);
  const slot = await firstSlot(host, config);
  const include = {
    path: config.router.include,
    content: classicInclude(config, facts, slot),
    secret: undefined,
    why: `names the live port for the server block that includes it`,
  };
  return [tokenAction(config, facts), ...(await nginxActions(host, config, [include]))];
}

/** Before anything is asked of an nginx in a container: does it see the files, and the slots? */
async function mustBeReady(host: Host, config: Config): Promise<void> {
  if (config.router.container === undefined) return;
  await mustReachSlots(host, config);
  await mustSeeAll(host, config, await siteFiles(host, config));
}

/** Files for nginx, as nginx sees them. */
export async function siteFiles(host: Host, config: Config): Promise<readonly string[]> {
  const { mode, include } = config.router;
  if (mode === 'managed') return [await siteFile(host, config)];
  return mode === 'classic' ? [include] : [include, upstreamsFile(config)];
}

async function siteFile(host: Host, config: Config): Promise<string> {
  return path.join(await sitesFolder(nginxPlace(host, config), config), `cutover-${config.app}.conf`);
}

function upstreamsFile({ app, router }: Config): string {
  return path.join(path.dirname(router.conf), 'conf.d', `cutover-${app}-upstreams.conf`);
}

export async function siteFacts(host: Host, config: Config): Promise<SiteFacts> {
  const version = await nginxControl(host, config).version();
  const traffic = path.join(config.state, 'traffic');
  const token = (await frontDoorToken(host, config.state)) ?? (await newToken());
  return {
    traffic: config.router.mode === 'classic' ? traffic : await nginxPlace(host, config).inside(traffic),
    token,
    http2Directive: atLeast(version, [1, 25, 1]),
    keepaliveMinTimeout: atLeast(version, [1, 27, 4]),
    log: config.router.mode === 'managed' ? await seenLog(host, config) : undefined,
    ...(await sharingFacts(config, token)),
  };
}

async function managedFiles(host: Host, config: Config, facts: SiteFacts): Promise<readonly SiteFile[]> {
  return [
    {
      path: await siteFile(host, config),
      content: managedSite(config, facts),
      secret: facts.sharing?.secret,
      why: 'the site: both slots, and the one look that chooses',
    },
  ];
}

async function adoptedFiles(host: Host, config: Config, facts: SiteFacts): Promise<readonly SiteFile[]> {
  await existingInclude(host, config);
  return [
    {
      path: upstreamsFile(config),
      content: adoptedUpstreams(config, facts),
      secret: facts.sharing?.secret,
      why: 'both slots, for the server block you keep',
    },
    {
      path: config.router.include,
      content: adoptedInclude(config, facts),
      secret: undefined,
      why: `decides $${config.router.variable} by one look`,
    },
  ];
}

/** In `adopted` and `classic` the user's server block already includes the file: that is what is adopted. */
async function existingInclude(host: Host, config: Config): Promise<string> {
  const existing = await nginxPlace(host, config).read(config.router.include);
  if (existing !== undefined) return existing;
  throw new Failure({
    code: 'INCLUDE_MISSING',
    exit: 3,
    what: `there is no include file to adopt: ${config.router.include}`,
    why: `router.mode is ${config.router.mode}, which takes over the file that your server block includes`,
    fix: `put \`include ${config.router.include};\` into your server block and \`proxy_pass $${config.router.variable};\` into its location, with the file holding \`set $${config.router.variable} http://${endpoint(config, 'blue')};\``,
  });
}

/** Where the traffic goes when the switch is made: for an adopted include, to the port that it names. */
export async function firstSlot(host: Host, config: Config): Promise<Slot> {
  if (config.router.mode === 'managed') return 'blue';
  const include = (await nginxPlace(host, config).read(config.router.include)) ?? '';
  const names = (slot: Slot) =>
    include.includes(`:${config.slots[slot]};`) || include.includes(`//${endpoint(config, slot)};`);
  return names('green') && !names('blue') ? 'green' : 'blue';
}

function switchActions(config: Config, facts: SiteFacts, first: Slot): readonly SetupAction[] {
  return [
    tokenAction(config, facts),
    ...markerActions(config.state, first, 'what nginx looks at'),
    sharingAction(config),
    ...(facts.sharing ? splitActions(config.state, first) : []),
    ...(facts.log ? [logFolder(config)] : []),
  ];
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

function masked({ secret, ...file }: SiteFile): Omit<SiteFile, 'secret'> {
  return secret === undefined ? file : { ...file, content: file.content.replaceAll(secret, 'x'.repeat(16)) };
}

async function nginxActions(host: Host, config: Config, files: readonly SiteFile[]): Promise<readonly SetupAction[]> {
  const control = nginxControl(host, config);
  const place = nginxPlace(host, config);
  const placed = await Promise.all(files.map(async (file) => ({ ...file, path: await hostFile(place, file.path) })));
  return [
    {
      kind: 'test',
      argv: place.argv(scratchTest(config, files.map(masked))),
      refusals: { [nameConflict]: siteConflict(config) },
      why: 'nginx tests the new files in a scratch copy first',
    },
    ...placed.map(
      ({ secret, ...file }) => ({ kind: 'file', mode: secret ? 0o600 : 0o644, owner: undefined, ...file }) as const,
    ),
    { kind: 'check', argv: [...control.command, '-t', '-q'], why: 'nginx tests the real files' },
    { kind: 'apply', argv: [...control.command, '-s', 'reload'], why: 'the one reload' },
    { kind: 'unapply', argv: [...control.command, '-s', 'reload'], why: 'the reload after they are gone' },
  ];
}
