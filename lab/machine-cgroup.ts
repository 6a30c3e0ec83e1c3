import { access, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A cgroup of the machine's own in every hierarchy of the host: one with cgroup v2, about ten with v1 beside it. */
export async function makeCgroups(id: string): Promise<string[]> {
  const groups = (await hierarchies()).map((root) => join(root, id));
  for (const group of groups) {
    await mkdir(group, { recursive: true });
    // A new v1 cpuset has no processor and no memory node, and refuses processes until it has.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) await inherit(join(group, '..', file), join(group, file));
  }
  return groups;
}

/** Kills what still runs in the cgroups and removes them. Only processes of the machine ever were in them. */
export async function removeCgroups(id: string): Promise<void> {
  const roots = (await hierarchies()).map((root) => join(root, id));
  let folders: string[] = [];
  // A cgroup stays busy for a moment after its last process died.
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(10)) {
    folders = (await Promise.all(roots.map(tree))).flat();
    if (folders.length === 0) return;
    for (const folder of folders) await killAll(folder);
    for (const folder of folders) await rmdir(folder).catch(() => undefined);
  }
  throw new Error(`The cgroups of a test machine are still busy: ${folders.join(' ')}`);
}

async function killAll(folder: string): Promise<void> {
  const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  for (const pid of text
    .split('\n')
    .map(Number)
    .filter((number) => number > 0)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Died with its PID 1.
    }
  }
}

/** A folder and all below it, children first; nothing when it does not exist. */
async function tree(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [];
  const children = entries.filter((entry) => entry.isDirectory()).map((entry) => tree(join(folder, entry.name)));
  return [...(await Promise.all(children)).flat(), folder];
}

async function hierarchies(): Promise<string[]> {
  const base = '/sys/fs/cgroup';
  if (await exists(join(base, 'cgroup.procs'))) return [base];
  // `cpu,cpuacct` is often one hierarchy with links under both names; links are not directories here.
  const entries = await readdir(base, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(base, entry.name));
}

async function inherit(from: string, to: string): Promise<void> {
  if ((await exists(from)) && (await exists(to))) await writeFile(to, await readFile(from, 'utf8'));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
