import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Config } from '../../../config/config.ts';
import { readSecret } from '../../../config/secret-file.ts';
import { sharesTraffic } from '../../../config/progressive.ts';
import { exitCodes, Failure } from '../../../core/failure.ts';
import type { Slot } from '../../../core/slot.ts';
import { soleSlot } from '../../../core/split.ts';
import type { Host, SetupAction } from '../../../ports.ts';
import { markerFile } from '../marker-file.ts';
import { splitLink } from '../split-link.ts';
import { firstSlot, siteFiles } from './install.ts';
import { nginxPlace } from './place.ts';
import type { SiteFacts } from './site.ts';

export async function sharingFacts({ progressive }: Config, token: string): Promise<Pick<SiteFacts, 'sharing'>> {
  if (!sharesTraffic(progressive)) return {};
  const { preview } = progressive;
  const salt = createHash('sha256').update(`clients of ${token}`).digest('hex').slice(0, 32);
  return { sharing: { salt, secret: preview && (await readSecret(preview.secretFile)) } };
}

/** For cutover to read, as the site itself may be root's alone: what the site in force knows of clients. */
export function sharingAction(config: Config): SetupAction {
  return {
    kind: 'file',
    path: sharingFile(config),
    content: sharingText(config),
    mode: 0o644,
    owner: 'deployer',
    why: 'how the site tells clients apart',
  };
}

/** A site that was set up for previews alone would lead everybody to the new release in the first stage. */
export async function mustShareAsSaid(host: Host, config: Config): Promise<void> {
  const now = await host.read(sharingFile(config));
  if (now === sharingText(config)) return;
  throw new Failure({
    code: 'SHARING_OUTDATED',
    exit: exitCodes.configuration,
    what: 'nginx does not share the traffic as cutover.yaml says',
    why: '`shift`, its `sticky` or `preview` was changed after the last set-up',
    fix: '`cutover setup` does it, with one reload; then deploy again',
  });
}

function sharingFile({ state }: Config): string {
  return path.join(state, 'sharing.json');
}

function sharingText({ progressive: { shift, preview } }: Config): string {
  const { header, cookie } = preview ?? {};
  return `${JSON.stringify({ sticky: shift?.sticky, preview: preview && { header, cookie } })}\n`;
}

/**
 * Where the site that is in force leads now: to the slot that what it looks at names. So a site of the one kind can
 * follow one of the other without moving anybody.
 */
export async function liveNow(host: Host, config: Config): Promise<Slot> {
  const sharesNow = await looksAtSplits(host, config);
  const { read } = sharesNow ? splitLink(host, config.state) : markerFile(host, config.state);
  const split = await read().catch((error: unknown) => {
    if (error instanceof Failure && error.fields.code === 'NOT_SET_UP') return undefined;
    throw error;
  });
  const live = split && soleSlot(split);
  if (split && !live) throw sharedNow();
  return live ?? firstSlot(host, config);
}

async function looksAtSplits(host: Host, config: Config): Promise<boolean> {
  const place = nginxPlace(host, config);
  const texts = await Promise.all((await siteFiles(host, config)).map((file) => place.read(file).catch(() => '')));
  return texts.some((text) => text?.includes('/traffic/current/') ?? false);
}

function sharedNow(): Failure {
  return new Failure({
    code: 'SHARED_NOW',
    exit: exitCodes.configuration,
    what: 'the traffic is shared between the slots now, so nginx is left as it is',
    why: 'a deploy is under way, or was interrupted',
    fix: 'wait for it, `cutover abort` it, or `cutover recover`; then set up',
  });
}
