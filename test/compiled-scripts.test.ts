import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, lstat, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { root } from '../lab/paths.ts';
import { temporaryFolder } from './config/support.ts';

let program: string;
let cache: string;
let home: string;

beforeEach(async () => {
  program = path.join(await temporaryFolder(), 'dist');
  home = await temporaryFolder();
  cache = path.join(home, 'cutover');
  cpSync(path.join(root, 'dist'), program, { recursive: true });
});

/** A command of a built cutover, as its user starts it. */
function cutover(...words: string[]) {
  const env = { PATH: process.env['PATH'], XDG_CACHE_HOME: home };
  const { stdout, stderr, status } = spawnSync(process.execPath, [path.join(program, 'main.js'), ...words], {
    encoding: 'utf8',
    cwd: home,
    env,
  });
  return { stdout, stderr, status };
}

const version = () => cutover('--version');
const names = () => readdirSync(cache).filter((name) => name.startsWith('code-'));
const kept = () => path.join(cache, names()[0] ?? 'none');
const works = { stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '', status: 0 };

describe('what Node compiled is kept', () => {
  it('for its owner alone, and used by the next command as it is', async () => {
    expect(version()).toEqual(works);
    expect((await lstat(cache)).mode & 0o777).toBe(0o700);
    expect((await lstat(kept())).mode & 0o777).toBe(0o600);
    const before = statSync(kept());
    expect(version()).toEqual(works);
    expect(statSync(kept()).ino).toBe(before.ino);
    expect(names()).toHaveLength(1);
  });

  it('of every script that a command asked for', async () => {
    await writeFile(path.join(home, 'cutover.yaml'), 'app: shop\nartifact: a.jar\n');
    expect(cutover('status').stderr).toContain('NOT_SET_UP');
    expect(names().map((name) => /([a-z]+)\.js$/.exec(name)?.[1])).toEqual(
      expect.arrayContaining(['program', 'yaml', 'zod']),
    );
  });

  it('but a failure still has its exit code and its words', () => {
    for (let time = 0; time < 2; time += 1) {
      const { status, stderr } = cutover('status');
      expect(status).toBe(3);
      expect(stderr).toContain('there is no cutover.yaml');
    }
  });

  it('but nothing of a program that was built or installed anew since', async () => {
    version();
    const file = path.join(program, 'program.js');
    const text = await readFile(file, 'utf8');
    const { version: own } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
    expect(text).toContain(`"${own}"`);
    await writeFile(file, text.replaceAll(`"${own}"`, `"${own.replaceAll(/\d/g, '9')}"`));
    expect(version().stdout).toBe(`${own.replaceAll(/\d/g, '9')}\n`);
  });

  it.each([0.01, 0.3, 0.6, 0.99])('but not when a bit of it is wrong, at %f of its length', async (at) => {
    version();
    const whole = await readFile(kept());
    const wrong = Buffer.from(whole);
    const place = Math.floor(whole.length * at);
    wrong[place] = (wrong[place] ?? 0) ^ 1;
    await writeFile(kept(), wrong);
    expect(version()).toEqual(works);
    expect((await readFile(kept())).equals(wrong)).toBe(false);
    expect(version()).toEqual(works);
  });

  it.each([0, 1, 5000])('but not when only %i bytes of it are there', async (length) => {
    version();
    await writeFile(kept(), (await readFile(kept())).subarray(0, length));
    expect(version()).toEqual(works);
    expect(statSync(kept()).size).toBeGreaterThan(5000);
  });

  it('but a link in its place is not followed', async () => {
    version();
    const elsewhere = path.join(home, 'elsewhere');
    await rename(kept(), elsewhere);
    const name = kept();
    await symlink(elsewhere, path.join(cache, path.basename(name)));
    expect(version()).toEqual(works);
  });

  it('but in a folder that others may enter nothing is believed or written', async () => {
    version();
    await writeFile(kept(), 'left');
    await chmod(cache, 0o755);
    expect(version()).toEqual(works);
    expect(await readFile(kept(), 'utf8')).toBe('left');
  });

  it('and nothing fails where it cannot be kept', () => {
    home = '/proc/none';
    const { status } = spawnSync(process.execPath, [path.join(program, 'main.js'), '--version'], {
      env: { XDG_CACHE_HOME: home },
    });
    expect(status).toBe(0);
  });
});
