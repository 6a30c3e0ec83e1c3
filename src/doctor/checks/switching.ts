import { whenSeen } from '../context.ts';
import { fine, note, unknown, warning, wrong, type Check } from '../finding.ts';

const gentleReload = [1, 27, 4];

/** A reload returns long before traffic moves, and costs keep-alive clients requests. */
export const switching: Check = {
  id: 'switch',
  group: 'traffic',
  trap: 7,
  title: 'how it switches',
  check({ config, nginx }) {
    if (config.router.mode === 'l4')
      return fine('one transaction in the kernel: the next connection goes to the new slot');
    if (config.router.mode !== 'classic') return fine('one rename, no reload: the next request goes to the new slot');
    const gentle =
      (nginx.version?.[0] ?? 0) > 1 || Number(nginx.version?.[1] ?? 0) * 100 + (nginx.version?.[2] ?? 0) >= 2704;
    const fix = 'router.mode: adopted takes the same include over and needs no reload';
    if (gentle) return note('a reload at every switch; old answers for about 0.4 s', fix);
    return warning(
      `a reload at every switch; nginx before ${gentleReload.join('.')} resets some keep-alive clients at each`,
      fix,
    );
  },
};

/** Old workers live as long as their last WebSocket. */
export const oldWorkers: Check = {
  id: 'old-workers',
  group: 'nginx',
  trap: 7,
  title: 'old workers',
  check({ nginx }) {
    if (nginx.master === undefined) return unknown('nginx does not run');
    const leaving = nginx.workers.filter((title) => title.includes('shutting down')).length;
    if (leaving === 0) return fine(`${nginx.workers.length} workers, none left over from a reload`);
    return warning(
      `${leaving} workers of earlier reloads still hold connections and memory`,
      'set worker_shutdown_timeout in nginx.conf, or switch without reloads',
    );
  },
};

/** Can the workers see the switch at all? If not, they stay on blue for ever. */
export const visible: Check = {
  id: 'switch-visible',
  group: 'nginx',
  trap: 8,
  title: 'switch is visible',
  check: whenSeen(({ config, nginx }) => {
    if (config.router.mode === 'classic') return fine('nginx reads it at each reload');
    if (nginx.master === undefined) return unknown('nginx does not run');
    const { what = '', why = '', fix = '' } = nginx.invisible?.fields ?? {};
    if (nginx.invisible) return wrong(`${what}: ${why}`, fix);
    return fine(`nginx's workers may enter ${config.state}/traffic`);
  }),
};
