import { humanBytes } from '../../lib/duration.ts';
import { imagesWithoutRelease } from './containers.ts';
import { whenSeen, type Seen } from '../context.ts';
import { fine, warning, wrong, type Check } from '../finding.ts';

/** What a deploy asks for at least, and a share that no disk should pass. */
const least = 64 * 1024 ** 2;
const fullShare = 90;

export const disk: Check = {
  id: 'disk',
  group: 'server',
  trap: 20,
  title: 'disk',
  check: whenSeen(async (context) => {
    const { config, host } = context;
    const [space, inodes] = await Promise.all(['-Pk', '-Pi'].map((how) => host.run(['df', how, config.state])));
    const [free, share] = numbers(space?.stdout ?? '');
    const [freeInodes, inodeShare] = numbers(inodes?.stdout ?? '');
    const needed = (await largest(context)) * 2 + least;
    const words = `${humanBytes(free * 1024)} free in ${config.state}`;
    if (free * 1024 < needed)
      return wrong(
        `only ${words}; a deploy needs ${humanBytes(needed)}`,
        'free some space, or keep fewer releases with `keep`',
      );
    if (freeInodes > 0 && inodeShare > fullShare)
      return warning(`${inodeShare} % of its inodes are used`, 'remove small files');
    if (share > fullShare) return warning(`${words}: ${share} % is used`, 'free some space before logs fill it');
    return fine(words);
  }),
};

/** Available and used percent of `df -P`'s one line. */
function numbers(table: string): readonly [number, number] {
  const fields = table.trim().split('\n').at(-1)?.trim().split(/\s+/) ?? [];
  return [Number(fields[3]) || 0, Number.parseInt(fields[4] ?? '0', 10) || 0];
}

async function largest({ config, host, view }: Seen): Promise<number> {
  const last = view.releases.at(-1);
  if (!last) return 0;
  const { stdout } = await host.run(['du', '-sk', '--', `${config.state}/releases/${last.id}`]);
  return (Number.parseInt(stdout, 10) || 0) * 1024;
}

/** Jars pile up. */
export const releases: Check = {
  id: 'releases',
  group: 'deployments',
  trap: 20,
  title: 'releases kept',
  check: whenSeen(async ({ config, host, view }) => {
    const { stdout } = await host.run(['ls', '-A', `${config.state}/releases`]);
    const names = stdout.split('\n').filter(Boolean);
    const partial = names.filter((name) => name.endsWith('.partial'));
    const count = `${view.releases.length} of at most ${config.keep}`;
    if (partial.length > 0 && !view.unfinished)
      return warning(
        `half a release was left: ${partial.join(', ')}`,
        `\`rm -r ${config.state}/releases/${partial[0] ?? ''}\``,
      );
    const images = config.runtime === 'docker' ? await imagesWithoutRelease({ config, host }, names) : [];
    if (images.length > 0 && !view.unfinished)
      return warning(
        `images of releases that are not there: ${images.join(', ')}`,
        `\`docker rmi ${images.join(' ')}\``,
      );
    if (view.releases.length > config.keep + 3)
      return warning(`${view.releases.length} are there, ${config.keep} should be`, 'the next deploy removes the rest');
    return fine(count);
  }),
};
