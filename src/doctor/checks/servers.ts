import { fine, later, note, type Check } from '../finding.ts';

/** One of two servers is rolled back, the other is not. */
export const servers: Check = {
  id: 'servers',
  group: 'server',
  trap: 22,
  title: 'one server',
  async check({ config, host }) {
    const name = config.domains.find((domain) => !domain.startsWith('*'));
    if (name === undefined) return later('with a domain');
    const { stdout } = await host.run(['getent', 'ahosts', name], { deadline: 2000 });
    const addresses = new Set(stdout.split('\n').flatMap((line) => line.split(' ')[0] || []));
    const four = [...addresses].filter((address) => !address.includes(':'));
    if (four.length < 2)
      return fine(`${name} has ${four.length === 0 ? 'no address here' : `one address, ${four[0] ?? ''}`}`);
    return note(
      `${name} has ${four.length} addresses (${four.join(', ')}); this is one server of them`,
      'deploy and roll back on each, and compare `cutover status`',
    );
  },
};
