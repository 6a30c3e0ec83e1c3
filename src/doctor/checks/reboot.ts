import { slots } from '../../core/slot.ts';
import { containersAfterReboot } from './containers.ts';
import { whenSeen, type NginxFacts, type Seen } from '../context.ts';
import { fine, later, note, warning, wrong, type Check, type Finding } from '../finding.ts';

/** Nothing comes back, and the public gets 502. */
export const reboot: Check = {
  id: 'reboot',
  group: 'server',
  trap: 14,
  title: 'after a reboot',
  check: whenSeen((context) => {
    const { name } = context.world.runtime;
    if (name === 'members') return fine('the servers are others; which release each pool holds is remembered');
    if (name === 'docker') return containersAfterReboot(context);
    return name === 'process' ? plain(context) : units(context);
  }),
};

/** A line of cron, or a unit of the user's own, that says `cutover up`. */
async function plain({ config, host }: Seen): Promise<Finding> {
  const script =
    '{ crontab -l; cat /etc/crontab /etc/cron.d/*; } 2> /dev/null | grep -E "^[^#]*@reboot.*cutover.* up"; grep -rlE "^ExecStart=.*cutover.* up" /etc/systemd/system 2> /dev/null; :';
  const { stdout } = await host.run(['sh', '-c', script]);
  if (stdout.trim() !== '') return fine(`\`cutover up\` is run: ${stdout.trim().split('\n')[0] ?? ''}`);
  return warning(
    'nothing starts the app again: plain processes end with the machine',
    `runtime: systemd; or \`(crontab -l; echo "@reboot cutover up --config ${config.file}") | crontab -\``,
  );
}

async function units({ config, deployer, world }: Seen): Promise<Finding> {
  // On this machine root acts as the owner of the app by now.
  const { uid } = deployer.me;
  const own = world.runtime.name === 'systemd --user';
  const names = slots.map((slot) => `cutover-${config.app}-${slot}.service`);
  const { stdout } = await deployer.run(['systemctl', ...(own ? ['--user'] : []), 'is-enabled', ...names], {
    env: own && !process.env['XDG_RUNTIME_DIR'] ? { XDG_RUNTIME_DIR: `/run/user/${uid}` } : {},
  });
  const states = stdout.trim().split('\n');
  if (states.some((state) => state !== 'enabled'))
    return wrong(`the units are not enabled: ${states.join(', ')}`, '`sudo cutover setup` enables them');
  if (!own) return fine(`${names.join(', ')} are enabled`);
  const { stdout: linger } = await deployer.run(['loginctl', 'show-user', String(uid), '-p', 'Linger', '--value']);
  if (linger.trim() !== 'yes')
    return wrong(
      'your units end when you log out, and wait for your login after a reboot',
      '`sudo loginctl enable-linger $USER`',
    );
  return fine('the units are enabled, and run without a login');
}

/** nginx, too, has to come back. */
export const nginxReboot: Check = {
  id: 'nginx-reboot',
  group: 'server',
  trap: 14,
  title: 'nginx at boot',
  async check({ config, host, nginx }) {
    if (nginx.container) return containerReboot(nginx.container);
    if ((await host.read('/proc/1/comm'))?.trim() !== 'systemd') return later('where systemd is');
    const { stdout } = await host.run(['systemctl', 'is-enabled', 'nginx.service']);
    if (stdout.trim() === 'enabled') return fine('its unit is enabled');
    if (config.router.prefix) return note('it has a folder of its own; who starts it is not known');
    return warning(`its unit is ${stdout.trim() || 'not there'}`, '`sudo systemctl enable nginx`');
  },
};

function containerReboot({ name, restart }: NonNullable<NginxFacts['container']>): Finding {
  if (restart === 'always' || restart === 'unless-stopped') return fine(`${name} comes back with the engine`);
  return warning(`${name} does not come back with the engine`, `\`docker update --restart=always ${name}\``);
}
