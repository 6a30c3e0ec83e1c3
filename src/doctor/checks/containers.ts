import { slots } from '../../core/slot.ts';
import type { Seen } from '../context.ts';
import { fine, later, note, warning, wrong, type Finding } from '../finding.ts';

/** The engine starts again what it was told to keep, if somebody starts the engine. */
export async function containersAfterReboot({ config, host, view }: Seen): Promise<Finding> {
  const running = slots.filter((slot) => view.slots[slot].state === 'running');
  if (running.length === 0) return later('once something runs');
  const names = running.map((slot) => `cutover-${config.app}-${slot}`);
  const format = '{{.Name}} {{.HostConfig.RestartPolicy.Name}}';
  const { stdout } = await host.run(['docker', 'inspect', '--type', 'container', '--format', format, ...names]);
  const lost = stdout.split('\n').filter((line) => line !== '' && !line.endsWith(' always'));
  if (lost.length > 0)
    return wrong(`does not come back with the engine: ${lost.join(', ')}`, 'deploy again: what is proven is kept');
  if ((await host.read('/proc/1/comm'))?.trim() !== 'systemd') return note('who starts the engine is not known');
  const enabled = await host.run(['systemctl', 'is-enabled', 'docker.service']);
  if (enabled.stdout.trim() === 'enabled') return fine(`${names.join(' and ')} come back with the engine`);
  return warning(`the engine's unit is ${enabled.stdout.trim() || 'not there'}`, '`sudo systemctl enable docker`');
}

/** In a container root is root of the machine as soon as something goes wrong. */
export async function containerUser({ config, host, view }: Seen): Promise<Finding> {
  const running = slots.find((slot) => view.slots[slot].state === 'running');
  if (!running) return later('once something runs');
  const words = ['docker', 'inspect', '--type', 'container', '--format', '{{.Config.User}}'];
  const user = (await host.run([...words, `cutover-${config.app}-${running}`])).stdout.trim();
  if (user === '' || /^(root|0)(:|$)/.test(user))
    return warning('the application is root in its container', 'USER in the Dockerfile, or `user: "1000"` here');
  return fine(`it is user ${user} in its container, and the engine ends it`);
}

/** What a deploy that was killed between tagging and recording leaves; nobody else's images have such names. */
export async function imagesWithoutRelease(
  { config, host }: Pick<Seen, 'config' | 'host'>,
  releases: readonly string[],
): Promise<readonly string[]> {
  const repository = `cutover-${config.app}`;
  const { stdout } = await host.run(['docker', 'image', 'ls', '--format', '{{.Tag}}', '--', repository]);
  const tags = stdout.split('\n').filter((tag) => /^\d+$/.test(tag) && !releases.includes(tag));
  return tags.map((tag) => `${repository}:${tag}`);
}
