import path from 'node:path';
import type { Config } from '../../../config/config.ts';
import type { Host, SetupAction } from '../../../ports.ts';
import { writableInside } from './container.ts';
import { nginxControl } from './control.ts';

/** Outside the state directory where that is writable for an ordinary user and nginx's master is root. */
export function accessLog(config: Config): string {
  const folder = config.state.startsWith('/var/lib/')
    ? path.join('/var/log/cutover', config.app)
    : path.join(config.state, 'access');
  return path.join(folder, 'access.log');
}

/** The log as nginx sees it; in a container only where its folder is mounted, and may be written to. */
export async function seenLog(host: Host, config: Config): Promise<string | undefined> {
  const log = accessLog(config);
  if (config.router.container === undefined) return log;
  const folder = await writableInside(host, config.router.container, path.dirname(log));
  return folder === undefined ? undefined : path.join(folder, path.basename(log));
}

export function logFolder(config: Config): SetupAction {
  return {
    kind: 'directory',
    path: path.dirname(accessLog(config)),
    // nginx's workers must get through to open it again after a rotation.
    mode: 0o751,
    owner: 'group',
    why: 'access log of the front door, in which cutover counts what was lost',
  };
}

/** Only where the log stands among the system's own, and something rotates those. */
export async function rotationActions(host: Host, config: Config): Promise<readonly SetupAction[]> {
  const { app, router } = config;
  const log = accessLog(config);
  const folder = '/etc/logrotate.d';
  if (!log.startsWith('/var/log/') || (await host.run(['test', '-d', folder])).code !== 0) return [];
  const reopen =
    router.container === undefined
      ? `[ ! -f ${router.pid} ] || kill -USR1 "$(cat ${router.pid})"`
      : `${nginxControl(host, config).command.join(' ')} -s reopen || :`;
  const content = `${log} {
  daily
  rotate 7
  maxsize 100M
  missingok
  notifempty
  compress
  delaycompress
  postrotate
    ${reopen}
  endscript
}
`;
  const why = 'the access log is rotated like the others';
  return [{ kind: 'file', path: `${folder}/cutover-${app}`, content, mode: 0o644, owner: undefined, why }];
}
