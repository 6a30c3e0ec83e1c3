import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own that can be full without harm to anybody. */
export interface SmallDisk {
  readonly dir: string;
  /** Megabytes. */
  free(): number;
  /** Leaves so many megabytes. */
  fill(left: number): void;
  empty(): void;
  stop(): void;
}

/** Of so many megabytes, in memory. */
export function mountSmallDisk(size: number): SmallDisk {
  const dir = mkdtempSync(join(tmpdir(), 'cutover-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}m,mode=711`, 'cutover-lab', dir]);
  const filler = join(dir, 'filler');
  const free = (): number => {
    const { bavail, bsize } = statfsSync(dir);
    return Math.floor((bavail * bsize) / 1024 ** 2);
  };
  const empty = (): void => rmSync(filler, { force: true });
  return {
    dir,
    free,
    empty,
    fill(left) {
      empty();
      // Rounded down it leaves a little: of nothing nothing may be left.
      const size = left === 0 ? free() + 1 : Math.max(0, free() - left);
      try {
        writeFileSync(filler, Buffer.alloc(size * 1024 ** 2));
      } catch (error) {
        if (left > 0) throw error;
      }
    },
    stop() {
      execFileSync('umount', ['--lazy', dir]);
      rmdirSync(dir);
    },
  };
}
