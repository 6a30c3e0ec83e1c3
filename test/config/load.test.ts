import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { failureOf, temporaryFolder } from './support.ts';

let cwd: string;
let env: Record<string, string>;

beforeEach(async () => {
  cwd = await temporaryFolder();
  env = { XDG_CACHE_HOME: await temporaryFolder() };
});

const jar = 'app: shop\nartifact: a.jar\n';

describe('the file', () => {
  it('is cutover.yaml or cutover.yml in the folder', async () => {
    await writeFile(join(cwd, 'cutover.yml'), jar);
    expect(await loadConfig({ cwd, env })).toMatchObject({
      app: 'shop',
      file: join(cwd, 'cutover.yml'),
    });
  });

  it('may be named, from the folder', async () => {
    await writeFile(join(cwd, 'other.yaml'), jar);
    expect(await loadConfig({ cwd, env, file: 'other.yaml' })).toMatchObject({
      file: join(cwd, 'other.yaml'),
    });
  });

  it('that is missing is a failure that tells how to write one', async () => {
    const { exit, fields } = await failureOf(loadConfig({ cwd, env }));
    expect({ exit, ...fields }).toMatchObject({
      exit: 3,
      code: 'CONFIG_NOT_FOUND',
      what: `there is no cutover.yaml in ${cwd}`,
      fix: expect.stringContaining('cutover init'),
    });
    expect((await failureOf(loadConfig({ cwd, env, file: 'x.yaml' }))).fields.what).toBe(
      `there is no file ${join(cwd, 'x.yaml')}`,
    );
  });

  it('is not looked for in the folders above', async () => {
    await writeFile(join(cwd, 'cutover.yaml'), jar);
    await mkdir(join(cwd, 'inside'));
    expect((await failureOf(loadConfig({ cwd: join(cwd, 'inside'), env }))).fields.code).toBe('CONFIG_NOT_FOUND');
  });

  it('that is there under both names is not guessed', async () => {
    await writeFile(join(cwd, 'cutover.yaml'), jar);
    await writeFile(join(cwd, 'cutover.yml'), jar);
    expect((await failureOf(loadConfig({ cwd, env }))).exit).toBe(3);
  });

  it('that is a folder, too large or not text is a failure, not a bug', async () => {
    await mkdir(join(cwd, 'folder'));
    await writeFile(join(cwd, 'large'), 'x'.repeat(1024 * 1024 + 1));
    await writeFile(join(cwd, 'binary'), new Uint8Array([0xff, 0xfe, 0x00]));
    for (const file of ['folder', 'large', 'binary']) {
      expect((await failureOf(loadConfig({ cwd, env, file }))).fields.code).toBe('CONFIG_UNREADABLE');
    }
  });

  it('with a mistake is refused each time', async () => {
    await writeFile(join(cwd, 'cutover.yaml'), `${jar}x: 1\n`);
    const first = await failureOf(loadConfig({ cwd, env }));
    expect((await failureOf(loadConfig({ cwd, env }))).fields).toEqual(first.fields);
  });
});
