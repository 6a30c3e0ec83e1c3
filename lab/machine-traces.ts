import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './paths.ts';

/** What a machine has of the host at this moment: for the proof that one that was stopped has nothing. */
export async function traces(id: string): Promise<string[]> {
  const index = id.slice(id.lastIndexOf('-') + 1);
  const paths = {
    namespace: `/run/netns/${id}`,
    interface: `/sys/class/net/cutlab${index}`,
    disk: join(cacheDir('machines'), index),
  };
  const found: string[] = [];
  for (const [name, path] of Object.entries(paths)) if (await exists(path)) found.push(name);
  const groups = await readdir('/sys/fs/cgroup').catch(() => []);
  for (const group of ['.', ...groups]) if (await exists(join('/sys/fs/cgroup', group, id))) found.push('cgroup');
  if ((await readFile('/proc/self/mountinfo', 'utf8')).includes(`.cache/machines/${index}/`)) found.push('mount');
  for (const pid of await readdir('/proc')) {
    const cgroup = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
    if (cgroup.includes(`/${id}`)) found.push('processes');
  }
  return [...new Set(found)];
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
