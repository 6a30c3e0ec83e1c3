import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from './apt.ts';
import { ensureNginx } from './components.ts';
import type { Engine } from './docker.ts';
import { librariesOf } from './images.ts';

const run = promisify(execFile);

/** What every image of nginx that people use has, too. */
const tools = ['sh', 'cat', 'stat', 'mktemp', 'cp', 'find', 'sed', 'rm', 'mkdir', 'dirname', 'basename', 'test'];

const configuration = `user www-data;
worker_processes 2;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log notice;
events { worker_connections 4096; }
http {
  access_log off;
  include /etc/nginx/conf.d/*.conf;
}
`;

/** Makes the image `nginx:lab` of Debian's nginx and a few tools: there is no registry to ask. */
export async function importNginx(engine: Engine): Promise<void> {
  const folder = join(engine.dir, 'nginx-image');
  const put = (from: string, to: string): void => {
    mkdirSync(join(folder, dirname(to)), { recursive: true });
    cpSync(from, join(folder, to), { dereference: true });
  };
  const write = (to: string, text: string): void => {
    mkdirSync(join(folder, dirname(to)), { recursive: true });
    writeFileSync(join(folder, to), text);
  };
  const programs = [await ensureNginx(), ...tools.map((tool) => findProgram(tool) ?? tool)];
  for (const program of programs) {
    put(
      realpathSync(program),
      program.endsWith('nginx') ? '/usr/sbin/nginx' : join('/bin', program.replace(/.*\//, '')),
    );
    for (const library of await librariesOf(program)) put(library, library);
  }
  for (const empty of ['/etc/nginx/conf.d', '/var/log/nginx', '/var/lib/nginx', '/run', '/tmp', '/usr/share/nginx'])
    mkdirSync(join(folder, empty), { recursive: true });
  write('/etc/nginx/nginx.conf', configuration);
  write('/etc/passwd', 'root:x:0:0::/:/bin/sh\nwww-data:x:33:33::/:/bin/sh\n');
  write('/etc/group', 'root:x:0:\nwww-data:x:33:\n');
  const archive = join(engine.dir, 'nginx-image.tar');
  await run('tar', ['-C', folder, '-cf', archive, '.']);
  const changes = ['ENV PATH=/usr/sbin:/bin', 'CMD ["nginx", "-g", "daemon off;"]'];
  await engine.docker('import', ...changes.flatMap((line) => ['--change', line]), archive, 'nginx:lab');
  rmSync(folder, { recursive: true });
  rmSync(archive);
}
