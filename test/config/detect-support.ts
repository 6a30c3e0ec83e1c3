import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { detect, type Detected } from '../../src/config/detect.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { temporaryFolder } from './support.ts';

interface Seen extends Detected {
  readonly config: Config;
}

/** What is detected in a folder called `My Shop` with these files; `nginx/` is the folder of nginx. */
export async function see(files: Readonly<Record<string, string>>): Promise<Seen> {
  const root = await temporaryFolder();
  const cwd = join(root, 'My Shop');
  await mkdir(cwd);
  for (const [name, content] of Object.entries(files)) {
    const file = name.startsWith('nginx/') ? join(root, name) : join(cwd, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  const detected = await detect({ cwd, nginxDir: join(root, 'nginx') });
  return { ...detected, config: parseConfig('/srv/cutover.yaml', detected.text) };
}
