import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createStand, type Stand, type StandOptions } from './stand.ts';

export interface Block {
  port: number;
  host: string;
  include: string;
}

interface Options {
  config?: string;
  setup?: boolean;
  site?: (block: Block) => string;
}

/** The server block of the well-known tutorial, as it stands there. */
export function serverBlock({ port, host, include }: Block): string {
  return `server {
  listen 127.0.0.1:${port};
  server_name ${host};
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

/** A stand whose owner has a server block and a `service-url.inc`, with a comment in EUC-KR, and no cutover yet. */
export function startAdoptable(
  mode: 'adopted' | 'classic',
  nginx: 'debian' | 'current',
  { config = '', setup = true, site = serverBlock }: Options = {},
): Promise<Stand> {
  const options: StandOptions = {
    nginx,
    config,
    setup,
    async beforeSetup(stand) {
      const include = path.join(stand.nginx.dir, 'service-url.inc');
      const comment = Buffer.from([0x23, 0x20, 0xbc, 0xad, 0xba, 0xf1, 0xbd, 0xba, 0x0a]);
      const line = Buffer.from(`set $service_url http://127.0.0.1:${stand.ports.blue};\n`);
      writeFileSync(include, Buffer.concat([comment, line]), { mode: 0o640 });
      const block = { port: stand.nginx.port, host: stand.host, include };
      writeFileSync(path.join(stand.nginx.confDir, 'theirs.conf'), site(block));
      await stand.nginx.reload();
      options.router = `  mode: ${mode}\n  include: ${include}`;
      stand.configure(config);
    },
  };
  return createStand(options);
}
