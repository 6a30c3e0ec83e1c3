import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startNginx } from '../../lab/nginx.ts';
import type { Contender, Ports } from './contender.ts';

const run = promisify(execFile);

/** The well-known tutorial: a script writes the variable's file and reloads nginx. */
export async function startReload(ports: Ports): Promise<Contender> {
  const nginx = await startNginx();
  const include = join(nginx.dir, 'service-url.inc');
  const script = `echo "set \\$service_url http://127.0.0.1:$1;" | tee ${include} > /dev/null
${nginx.binary} -p ${nginx.dir} -c ${nginx.conf} -s reload`;
  writeFileSync(include, `set $service_url http://127.0.0.1:${ports.blue};\n`);
  writeFileSync(join(nginx.confDir, 'site.conf'), site(nginx.port, include));
  await nginx.reload();
  return {
    name: 'reload script',
    how: '`echo "set $service_url …" > service-url.inc; nginx -s reload`',
    url: `http://127.0.0.1:${nginx.port}`,
    pid: nginx.master,
    switchTo: async (slot) => void (await run('sh', ['-c', script, 'switch.sh', String(ports[slot])])),
    stop: nginx.stop,
  };
}

function site(port: number, include: string): string {
  return `server {
  listen 127.0.0.1:${port};
  include ${include};
  location / {
    proxy_pass $service_url;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header Host $http_host;
  }
}
`;
}
