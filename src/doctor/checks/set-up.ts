import { fine, later, unknown, warning, wrong, type Check } from '../finding.ts';

export const setUp: Check = {
  id: 'set-up',
  group: 'traffic',
  trap: undefined,
  title: 'set up',
  check({ config, trouble, world }) {
    if (world) return fine(`${config.state}, router ${world.router.name}, runtime ${world.runtime.name}`);
    const { what = 'unknown', why = '', fix } = trouble?.fields ?? {};
    return wrong(`${what}: ${why}`, fix ?? 'run `sudo cutover setup`');
  },
};

/** What was changed in `cutover.yaml` since, or by an update of cutover, is not in force yet. */
export const upToDate: Check = {
  id: 'set-up-to-date',
  group: 'traffic',
  trap: undefined,
  title: 'set-up is current',
  check({ stale, world }) {
    if (!world) return later('once the app is set up');
    if (!stale) return unknown('only root may read some of its files', 'ask as root: `sudo cutover doctor`');
    if (stale.length === 0) return fine('its files say what cutover.yaml says');
    return warning(
      `${stale.join(', ')} ${stale.length === 1 ? 'is' : 'are'} not as this cutover.yaml wants it`,
      '`sudo cutover setup --print` shows what would be written, `sudo cutover setup` writes it',
    );
  },
};
