import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { localHost } from '../../src/drivers/host/local.ts';
import { hostContract } from '../contracts/host.ts';

describe('this machine', () => {
  hostContract(async () => ({ host: localHost(), folder: await folder() }));

  it('does not follow a link that somebody laid at the temporary name', async () => {
    const dir = await folder();
    const [file, victim] = [path.join(dir, 'file'), path.join(dir, 'victim')];
    await writeFile(victim, 'kept');
    await symlink(victim, `${file}.${process.pid}.tmp`);
    await localHost().write(file, 'mine');
    expect(await readFile(victim, 'utf8')).toBe('kept');
    expect(await readFile(file, 'utf8')).toBe('mine');
  });

  it('keeps an abandoned temporary file of an earlier process of the same id from stopping it', async () => {
    const file = path.join(await folder(), 'file');
    await writeFile(`${file}.${process.pid}.tmp`, 'half of somethi');
    await localHost().write(file, 'whole');
    expect(await readFile(file, 'utf8')).toBe('whole');
  });
});

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'cutover-host-'));
  await chmod(made, 0o755);
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}
