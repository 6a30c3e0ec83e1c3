import { slots } from '../../core/slot.ts';
import { portOf, whenSeen, type Context } from '../context.ts';
import { fine, later, unknown, warning, wrong, type Check, type Finding } from '../finding.ts';

const oldest = 18;

export const running: Check = {
  id: 'nginx-running',
  group: 'nginx',
  trap: undefined,
  title: 'runs',
  check(context) {
    const { config, nginx } = context;
    const { what = '', why = '', fix = '' } = nginx.container?.trouble?.fields ?? {};
    if (what && !nginx.version) return wrong(`${what}: ${why}`, fix);
    if (!nginx.version)
      return wrong(
        `\`${config.router.binary}\` is not there`,
        'install nginx (`sudo apt install nginx`), or name it in router.binary',
      );
    if (nginx.master === undefined) return down(context);
    const version = nginx.version.join('.');
    if (nginx.version[0] === 1 && (nginx.version[1] ?? 0) < oldest)
      return warning(`nginx ${version} is older than what cutover is tested with`, `upgrade to 1.${oldest} or later`);
    return fine(`nginx ${version}, process ${nginx.master}`);
  },
};

function down({ config, nginx, holders }: Context): Finding {
  if (nginx.container)
    return wrong(
      `no nginx has the id in ${config.router.pid} of ${nginx.container.name}`,
      `\`docker restart ${nginx.container.name}\`, or name the pid file there in router.pid`,
    );
  const port = portOf(nginx);
  const holder = holders.get(port);
  const { pid } = config.router;
  if (!holder) return wrong(`nginx does not run (${pid})`, 'start it: `sudo systemctl start nginx`');
  return wrong(
    `no nginx has the id in ${pid}; port ${port} is held by ${holder.command} (${holder.pid})`,
    "end it, or name nginx's own pid file in router.pid",
  );
}

/** The file edited on the host while nginx lives in a container. */
export const here: Check = {
  id: 'nginx-here',
  group: 'nginx',
  trap: 9,
  title: 'reads our files',
  check({ nginx }) {
    if (nginx.container) return insideOf(nginx.container);
    if (nginx.master === undefined) return unknown('nginx does not run');
    if (nginx.elsewhere === undefined)
      return unknown('only root may see which files nginx sees', '`sudo cutover doctor`');
    if (!nginx.elsewhere) return fine('it sees the files of this server: no container in between');
    return wrong(
      'nginx lives in a container: it does not read the files of this server',
      'name the container in router.container, or run nginx on the server',
    );
  },
};

function insideOf({ name, trouble }: NonNullable<Context['nginx']['container']>): Finding {
  const { what = '', why = '', fix = '' } = trouble?.fields ?? {};
  if (trouble) return wrong(`${what}: ${why}`, fix);
  return fine(`it is in the container ${name}, which sees the switch and reaches the slots`);
}

export const tested: Check = {
  id: 'nginx-test',
  group: 'nginx',
  trap: 8,
  title: 'nginx -t',
  check({ nginx }) {
    if (!nginx.version) return unknown('there is no nginx');
    if (!nginx.tested) return unknown('only root may test it', '`sudo nginx -t`');
    if (nginx.tested.code === 0) return fine('its configuration passes');
    return wrong(
      `${nginx.tested.stderr.trim()}\nit serves what it loaded before; its next start would fail`,
      'mend the file it names',
    );
  },
};

/** One request the way the public goes. */
export const frontDoor: Check = {
  id: 'front-door',
  group: 'traffic',
  trap: 9,
  title: 'front door',
  check: whenSeen(({ config, view }) => {
    const { slot, status, detail } = view.frontDoor;
    const dead = slots.every((one) => view.slots[one].state !== 'running');
    if (!slot)
      return wrong(
        `${detail}`,
        config.router.mode === 'l4'
          ? 'see "rules" below'
          : `is nginx running, our ${config.router.mode === 'managed' ? 'site' : 'include'} loaded, in the server block of ${config.domains[0] ?? 'this app'}? See the lines of nginx below`,
      );
    if (view.live && dead)
      return wrong(
        `the live release does not run, so the public gets ${status ?? 'nothing'}`,
        '`cutover up` starts it',
      );
    if (view.live && status !== undefined && status >= 500)
      return wrong(`${detail}`, `\`cutover logs ${view.live}\` tells why`);
    if (!view.live) return later('once something is deployed');
    return fine(detail);
  }),
};
