import { fine, wrong, type Check } from '../finding.ts';

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
