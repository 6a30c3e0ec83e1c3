import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runs, startTime, type Started } from './cleanup.ts';

/** One place for every checkout of the repository: the names of networks and cgroups are the whole host's too. */
const RECORDS = '/run/cutover-lab';
const LIMIT = 4096;

/** What a test machine takes from the host. Written before anything is taken, so a later run can give it back. */
export interface Claim {
  /** Position in the address range; also the end of every name. */
  index: number;
  owner: Started;
  /** Folder with the machine's own part of the file system. */
  disk: string;
  /** The systemd-nspawn process, once started. */
  supervisor?: Started;
}

/** Takes the first free index. The rename of a full folder onto a full folder fails, so only one can have it. */
export async function takeIndex(diskOf: (index: number) => string): Promise<Claim> {
  const owner = identify(process.pid);
  await mkdir(RECORDS, { recursive: true });
  for (let index = 0; index < LIMIT; index += 1) {
    const claim = { index, owner, disk: diskOf(index) };
    const draft = await mkdtemp(join(RECORDS, 'draft-'));
    await writeFile(join(draft, 'claim.json'), JSON.stringify(claim));
    const taken = await rename(draft, folderOf(index)).then(
      () => true,
      () => false,
    );
    if (taken) return claim;
    await rm(draft, { recursive: true, force: true });
  }
  throw new Error(`All ${String(LIMIT)} test machine addresses are in use (${RECORDS}).`);
}

export async function saveClaim(claim: Claim): Promise<void> {
  const draft = join(folderOf(claim.index), 'claim.json.new');
  await writeFile(draft, JSON.stringify(claim));
  await rename(draft, join(folderOf(claim.index), 'claim.json'));
}

/** Gives the index back; the last act of a machine's end. */
export async function dropClaim(claim: Claim): Promise<void> {
  await rm(folderOf(claim.index), { recursive: true, force: true });
}

/** Claims whose owner is dead: leftovers of runs that crashed. */
export async function orphanedClaims(): Promise<Claim[]> {
  const orphans: Claim[] = [];
  for (const name of await readdir(RECORDS).catch(() => [])) {
    const claim = name.startsWith('machine-') ? await readClaim(join(RECORDS, name)) : undefined;
    if (claim !== undefined && !runs(claim.owner)) orphans.push(claim);
    if (name.startsWith('draft-')) await dropOldDraft(join(RECORDS, name));
  }
  return orphans;
}

export function identify(pid: number): Started {
  const start = startTime(pid);
  if (start === undefined) throw new Error(`process ${String(pid)} is already gone`);
  return { pid, start };
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

async function readClaim(folder: string): Promise<Claim | undefined> {
  const text = await readText(join(folder, 'claim.json'));
  return text === undefined ? undefined : (JSON.parse(text) as Claim);
}

async function dropOldDraft(path: string): Promise<void> {
  const age = await stat(path).then(
    (found) => Date.now() - found.mtimeMs,
    () => 0,
  );
  if (age > 60_000) await rm(path, { recursive: true, force: true });
}

function folderOf(index: number): string {
  return join(RECORDS, `machine-${String(index)}`);
}
