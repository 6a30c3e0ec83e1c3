import { spawnSync } from 'node:child_process';
import { chmod, lstat, readFile, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { temporaryFolder } from './support.ts';

let cwd: string;
let cache: string;
let env: Record<string, string>;

beforeEach(async () => {
  cwd = await temporaryFolder();
  const home = await temporaryFolder();
  cache = join(home, 'cutover');
  env = { XDG_CACHE_HOME: home };
});

const jar = 'app: shop\nartifact: a.jar\n';

describe('what was read once is kept', () => {
  const load = () => loadConfig({ cwd, env });
  const entry = async () => join(cache, (await readdir(cache))[0] ?? 'none');

  beforeEach(() => writeFile(join(cwd, 'cutover.yaml'), jar));

  /** Replaces what is kept by something recognisable. */
  async function mark(): Promise<string> {
    await load();
    const path = await entry();
    const kept = (await readFile(path, 'utf8')).replace('"app":"shop"', '"app":"kept"');
    await writeFile(path, kept);
    return path;
  }

  it('readable for its owner only', async () => {
    await load();
    expect((await lstat(cache)).mode & 0o777).toBe(0o700);
    expect((await lstat(await entry())).mode & 0o777).toBe(0o600);
  });

  it('and read back the same', async () => {
    const first = await load();
    const second = await load();
    expect(second).toEqual(first);
  });

  it('and used for the same text only', async () => {
    await mark();
    expect((await load()).app).toBe('kept');
    await writeFile(join(cwd, 'cutover.yaml'), `${jar}keep: 3\n`);
    expect(await load()).toMatchObject({ app: 'shop', keep: 3 });
  });

  it('but a link in its place is not followed', async () => {
    const path = await mark();
    await rename(path, join(cwd, 'elsewhere.json'));
    await symlink(join(cwd, 'elsewhere.json'), path);
    expect((await load()).app).toBe('shop');
  });

  it('but a linked folder is not believed', async () => {
    await mark();
    await rename(cache, join(cwd, 'moved'));
    await symlink(join(cwd, 'moved'), cache);
    expect((await load()).app).toBe('shop');
  });

  it.each([0o644, 0o620])('but a file of mode %o is not believed', async (mode) => {
    await chmod(await mark(), mode);
    expect((await load()).app).toBe('shop');
  });

  it('but a folder that others may enter is not believed', async () => {
    await mark();
    await chmod(cache, 0o755);
    expect((await load()).app).toBe('shop');
  });

  it('but a broken file is ignored and replaced', async () => {
    await writeFile(await mark(), '{"half":');
    expect((await load()).app).toBe('shop');
    expect(await readFile(await entry(), 'utf8')).toContain('"app":"shop"');
  });

  it('at most 20 times, the newest', async () => {
    for (let keep = 1; keep <= 23; keep++) {
      const file = join(cwd, `cutover-${keep}.yaml`);
      await writeFile(file, `${jar}keep: ${keep}\n`);
      await loadConfig({ file, cwd, env });
      for (const name of await readdir(cache)) if (keep === 1) await utimes(join(cache, name), 1, 1);
    }
    const kept = await Promise.all((await readdir(cache)).map((name) => readFile(join(cache, name), 'utf8')));
    expect(kept).toHaveLength(20);
    expect(kept.some((text) => text.includes('"keep":1,'))).toBe(false);
  });

  it('and nothing fails where it cannot be kept', async () => {
    for (const other of [
      {},
      { XDG_CACHE_HOME: '/proc/none' },
      { XDG_CACHE_HOME: 'relative' },
      { XDG_CACHE_HOME: join(cwd, 'cutover.yaml') },
    ]) {
      expect((await loadConfig({ cwd, env: other })).app).toBe('shop');
    }
  });

  it('so that the schema and YAML are not even loaded the second time', async () => {
    const program = join(cwd, 'program.mts');
    const hook = `import { writeSync } from 'node:fs'; export async function load(url, context, next) { if (/node_modules\\/(zod|yaml)\\//.test(url)) writeSync(1, 'loaded '); return next(url, context); }`;
    await writeFile(
      program,
      `
      import { register } from 'node:module';
      register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)});
      const { loadConfig } = await import(${JSON.stringify(new URL('../../src/config/load.ts', import.meta.url).href)});
      console.log((await loadConfig({ cwd: ${JSON.stringify(cwd)}, env: ${JSON.stringify(env)} })).app);
    `,
    );
    const run = () =>
      spawnSync(process.execPath, ['--import', 'tsx', program], {
        encoding: 'utf8',
        cwd: new URL('../..', import.meta.url),
      }).stdout;
    expect(run()).toMatch(/loaded .*shop/);
    expect(run()).toBe('shop\n');
    await rm(cache, { recursive: true });
    expect(run()).toMatch(/loaded .*shop/);
  }, 60_000);
});
