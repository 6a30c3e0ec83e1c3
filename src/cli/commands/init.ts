import { open } from 'node:fs/promises';
import path from 'node:path';
import { detect } from '../../config/detect.ts';
import { exitCodes, Failure } from '../../core/failure.ts';

interface Options {
  config?: string;
  force?: boolean;
}

export default async function initCommand({ config, force }: Options): Promise<void> {
  const file = path.resolve(config ?? 'cutover.yaml');
  const { found, assumed, text } = await detect({ cwd: path.dirname(file), nginxDir: '/etc/nginx' });
  const handle = await open(file, force ? 'w' : 'wx').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? alreadyThere(file) : error;
  });
  await handle.writeFile(text);
  await handle.close();
  const list = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? `${title}\n${lines.map((line) => `  ${line}\n`).join('')}` : '';
  process.stdout.write(
    `${list('found', found)}${list('assumed', assumed)}Wrote ${path.basename(file)}. Next: \`sudo cutover setup\`, once, then \`cutover deploy\`.\n`,
  );
}

function alreadyThere(file: string): Failure {
  return new Failure({
    code: 'CONFIG_EXISTS',
    exit: exitCodes.usage,
    what: `${path.basename(file)} is there already`,
    fix: 'change it, or write it anew with --force',
  });
}
