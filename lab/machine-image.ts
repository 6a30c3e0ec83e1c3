import { createHash } from 'node:crypto';
import { access, chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ensureProgram } from './apt.ts';
import { withLock } from './lock.ts';
import { must } from './machine-run.ts';
import { cacheDir } from './paths.ts';

const PACKAGES =
  'systemd systemd-sysv dbus dbus-user-session libpam-systemd sudo procps logrotate ' +
  'nginx-light openssh-server curl iproute2 ca-certificates libstdc++6 nftables conntrack';

/**
 * First program of the machine. With cgroup v1 beside v2 nspawn mounts the controllers read-only, and systemd then has
 * no MemoryCurrent and no MemoryMax. They show only the machine's own part of the tree, so it may write to them.
 */
const INIT = `#!/bin/sh
for controller in memory pids cpu cpuacct; do
  if mountpoint -q /sys/fs/cgroup/$controller; then mount -o remount,bind,rw /sys/fs/cgroup/$controller; fi
done
exec /lib/systemd/systemd "$@"
`;

export const INIT_PATH = '/usr/local/sbin/lab-init';

const FILES: Readonly<Record<string, { text: string; mode: number }>> = {
  [INIT_PATH]: { text: INIT, mode: 0o755 },
  '/etc/resolv.conf': { text: '', mode: 0o644 },
  '/var/www/html/index.html': { text: 'a test machine\n', mode: 0o644 },
};

const HOOKS = [
  'chroot "$1" useradd --create-home --uid 1000 --shell /bin/bash deploy',
  'mkdir -p "$1/var/log/journal"',
  'rm -f "$1/etc/resolv.conf"',
];

/** Folder with the root file system that all test machines share; built on first use (about a minute, 170 MB). */
export async function ensureImage(): Promise<string> {
  await ensureTools();
  const suite = await debianCodename();
  const image = join(cacheDir(), `machine-${recipeHash(suite)}`);
  if (await exists(image)) return image;
  await withLock(basename(image), async () => {
    if (!(await exists(image))) await build(suite, image);
  });
  return image;
}

async function ensureTools(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('A test machine (systemd as PID 1) needs root: run the tests as root.');
  await ensureProgram('mmdebstrap', 'mmdebstrap');
  await ensureProgram('systemd-nspawn', 'systemd-container');
  await ensureProgram('ip', 'iproute2');
  await ensureProgram('nsenter', 'util-linux');
}

async function debianCodename(): Promise<string> {
  const [text, debian] = [await readFile('/etc/os-release', 'utf8'), /^ID=debian$/m];
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(text)?.[1];
  if (codename === undefined || !debian.test(text))
    throw new Error('A test machine is built from a Debian host’s own sources; this is not Debian.');
  return codename;
}

function recipeHash(suite: string): string {
  const recipe = JSON.stringify([suite, process.arch, PACKAGES, FILES, HOOKS]);
  return createHash('sha256').update(recipe).digest('hex').slice(0, 12);
}

async function build(suite: string, image: string): Promise<void> {
  await removePartial(image);
  const partial = `${image}.partial-${String(process.pid)}`;
  const excluded = ['doc', 'man', 'locale', 'info'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`);
  const hooks = HOOKS.map((hook) => `--customize-hook=${hook}`);
  // Ends with us: without it a killed test run would go on building.
  const bound = ['setpriv', '--pdeathsig', 'TERM'];
  const command = [
    'mmdebstrap',
    '--mode=root',
    '--variant=essential',
    '--dpkgopt=force-unsafe-io',
    `--include=${PACKAGES.replaceAll(' ', ',')}`,
    ...excluded,
    ...hooks,
  ];
  await must([...bound, ...command, suite, partial, ...(await aptSources())], {
    deadline: 600_000,
  });
  for (const [path, { text, mode }] of Object.entries(FILES)) {
    await mkdir(dirname(join(partial, path)), { recursive: true });
    await writeFile(join(partial, path), text);
    await chmod(join(partial, path), mode);
  }
  await rename(partial, image);
}

/** The files of this machine's own sources that lead to Debian. */
async function aptSources(): Promise<string[]> {
  const format = '$(ORIGIN) $(SOURCESENTRY)';
  const targets = await must(['apt-get', 'indextargets', '--format', format, 'Created-By: Packages']);
  const debian = targets.split('\n').filter((line) => line.startsWith('Debian '));
  const files = debian.map((line) => line.slice('Debian '.length).replace(/:\d+$/, ''));
  return [...new Set(files)];
}

async function removePartial(image: string): Promise<void> {
  const left = (await readdir(cacheDir())).filter((name) => name.startsWith(`${basename(image)}.partial-`));
  for (const name of left) await rm(join(cacheDir(), name), { recursive: true, force: true });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
