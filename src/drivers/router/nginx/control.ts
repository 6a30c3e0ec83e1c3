import path from 'node:path';
import type { Config } from '../../../config/config.ts';
import { Failure } from '../../../core/failure.ts';
import type { Host, RunResult } from '../../../ports.ts';
import { nginxPlace, typed, type NginxPlace } from './place.ts';

/** The nginx program itself: which one, is it up, is its configuration sound. */
export interface NginxControl {
  /** `[1, 22, 1]`. */
  version(): Promise<readonly number[]>;
  test(): Promise<RunResult>;
  reload(): Promise<void>;
  /** Process id of the running master, or undefined. */
  master(): Promise<number | undefined>;
  /** Process ids of the workers now. */
  workers(): Promise<readonly number[]>;
  readonly command: readonly string[];
}

export function nginxControl(host: Host, config: Config): NginxControl {
  const { router } = config;
  const place = nginxPlace(host, config);
  const command = place.argv([router.binary, ...(router.prefix ? ['-p', router.prefix] : []), '-c', router.conf]);
  const privileged = async (argv: readonly string[]) => ((await needsSudo()) ? ['sudo', '-n', ...argv] : argv);

  async function master(): Promise<number | undefined> {
    const pid = Number((await place.read(router.pid))?.trim());
    if (!Number.isInteger(pid) || pid <= 0) return undefined;
    const name = await place.read(`/proc/${pid}/comm`);
    return name?.startsWith('nginx') ? pid : undefined;
  }

  /** Only the master's owner and root may tell it to reload; in a container whoever may use the engine. */
  async function needsSudo(): Promise<boolean> {
    if (router.container !== undefined) return false;
    const pid = await master();
    if (pid === undefined || host.me.uid === 0) return false;
    return (await host.run(['sh', '-c', 'kill -0 "$1" 2> /dev/null', 'kill', String(pid)])).code !== 0;
  }

  return {
    command,
    master,
    async version() {
      const { stdout, stderr, code } = await place.run([router.binary, '-v']);
      const numbers = /nginx\/(\d+)\.(\d+)\.(\d+)/
        .exec(stdout + stderr)
        ?.slice(1)
        .map(Number);
      if (code !== 0 || !numbers) throw nginxMissing(config, `${stderr}${stdout}`.trim());
      return numbers;
    },
    test: async () => host.run(await privileged([...command, '-t', '-q'])),
    async reload() {
      const result = await host.run(await privileged([...command, '-s', 'reload']));
      if (result.code !== 0) throw reloadFailed(config, result);
    },
    async workers() {
      const pid = await master();
      if (pid === undefined) return [];
      const children = await place.read(`/proc/${pid}/task/${pid}/children`);
      return (children ?? '').trim().split(' ').filter(Boolean).map(Number);
    },
  };
}

/** Version `a` is at least `b`. */
export function atLeast(a: readonly number[], b: readonly number[]): boolean {
  const differing = b.findIndex((part, index) => (a[index] ?? 0) !== part);
  return differing === -1 || (a[differing] ?? 0) > (b[differing] ?? 0);
}

/** Where nginx of this distribution reads sites from, by its own main file, as nginx sees it. */
export async function sitesFolder(place: NginxPlace, { router }: Config): Promise<string> {
  if (router.sites) return router.sites;
  const main = (await place.read(router.conf)) ?? '';
  const folder = /^\s*include\s+\S*sites-enabled\//m.test(main) ? 'sites-enabled' : 'conf.d';
  return path.join(path.dirname(router.conf), folder);
}

export function nginxDown({ router }: Config): Failure {
  const start = router.container === undefined ? 'systemctl start nginx' : `docker restart ${router.container}`;
  return new Failure({
    code: 'NGINX_DOWN',
    what: 'nginx is not running',
    why: `no nginx process has the id in ${router.pid}`,
    fix: `start it (\`${start}\`), or name its pid file in router.pid`,
  });
}

function nginxMissing({ router }: Config, said: string): Failure {
  const inside = router.container === undefined ? '' : ` in ${router.container}`;
  return new Failure({
    code: 'NGINX_MISSING',
    what: `nginx cannot be run as \`${router.binary}\`${inside}`,
    why: said,
    fix: inside ? 'name it in router.binary' : 'install nginx (`apt install nginx`), or name it in router.binary',
  });
}

function reloadFailed(config: Config, { stderr }: RunResult): Failure {
  return new Failure({
    code: 'NGINX_RELOAD_FAILED',
    what: 'nginx could not be told to reload',
    why: stderr.trim(),
    fix: `run \`${typed(config, '-t')}\`; without root, \`sudo cutover setup\` gives this user the right to reload`,
  });
}
