import type { Config } from '../../../config/config.ts';
import { Failure } from '../../../core/failure.ts';
import type { Check } from '../../../core/world.ts';
import type { Host } from '../../../ports.ts';
import { nginxControl, nginxDown } from './control.ts';
import { mustReachSlots, mustSeeSwitch } from './edge-checks.ts';
import { typed } from './place.ts';
import { mustShareAsSaid } from './sharing-install.ts';
import { mustBeVisible } from './visible.ts';

/** What must be true of nginx before a deploy. Its own test needs the rights of its master. */
export function nginxChecks(host: Host, config: Config): readonly Check[] {
  const control = nginxControl(host, config);
  return [
    () => mustReachSlots(host, config),
    async ({ shares }) => {
      if (shares) await mustShareAsSaid(host, config);
    },
    async () => {
      if (config.router.mode !== 'classic') await mustSeeSwitch(host, config);
    },
    async () => {
      if ((await control.master()) === undefined) throw nginxDown(config);
    },
    async () => {
      if (config.router.mode !== 'classic') await mustBeVisible(host, config);
    },
    async () => {
      if (config.router.container === undefined && !(await mayTest(host, await control.master()))) return;
      const { code, stderr } = await control.test();
      if (code !== 0) throw configurationBroken(config, stderr);
    },
  ];
}

/** Keys and logs are often root's alone, so for others a failing test would tell nothing. */
async function mayTest(host: Host, master: number | undefined): Promise<boolean> {
  if (host.me.uid === 0) return true;
  return (await host.run(['sh', '-c', 'kill -0 "$1" 2> /dev/null', 'kill', String(master ?? 0)])).code === 0;
}

function configurationBroken(config: Config, stderr: string): Failure {
  return new Failure({
    code: 'NGINX_CONFIG_BROKEN',
    what: "nginx's configuration does not pass its own test",
    why: `${stderr.trim()}\nnginx still serves what it loaded before; its next restart would fail`,
    fix: `mend the file it names (\`${typed(config, '-t')}\`), then deploy again`,
  });
}
