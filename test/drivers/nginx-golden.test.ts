import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { makeCertificate } from '../../lab/certificate.ts';
import { ensureCurrentNginx, ensureNginx } from '../../lab/components.ts';
import { parseConfig } from '../../src/config/parse.ts';
import type { Config } from '../../src/config/config.ts';
import { sharesTraffic } from '../../src/config/progressive.ts';
import {
  adoptedInclude,
  adoptedUpstreams,
  classicInclude,
  managedSite,
  type SiteFacts,
} from '../../src/drivers/router/nginx/site.ts';
import { temporary } from '../support/folders.ts';

type Kind = 'debian' | 'current';

const tls =
  'domain: [shop.example.com, www.shop.example.com]\nrouter: { tls: { certificate: /srv/tls/certificate.pem, key: /srv/tls/key.pem } }';
const site = managedSite;
const cases: readonly {
  name: string;
  kinds: readonly Kind[];
  settings: string;
  texts: (config: Config, facts: SiteFacts) => Record<string, string>;
}[] = [
  {
    name: 'managed',
    kinds: ['debian', 'current'],
    settings: 'domain: shop.example.com',
    texts: (...given) => ({ 'conf.d/site.conf': site(...given) }),
  },
  {
    name: 'managed-tls-http2-parameter',
    kinds: ['debian'],
    settings: tls,
    texts: (...given) => ({ 'conf.d/site.conf': site(...given) }),
  },
  {
    name: 'managed-tls-http2-directive',
    kinds: ['current'],
    settings: tls,
    texts: (...given) => ({ 'conf.d/site.conf': site(...given) }),
  },
  {
    name: 'managed-https-only',
    kinds: ['current'],
    settings: `${tls.slice(0, -2)}, listen: [] }`,
    texts: (...given) => ({ 'conf.d/site.conf': site(...given) }),
  },
  {
    name: 'managed-shared',
    kinds: ['debian', 'current'],
    settings: 'shift: [1, 5, 100]\npreview: {}',
    texts: (...given) => ({ 'conf.d/site.conf': site(...given) }),
  },
  {
    name: 'managed-no-failover',
    kinds: ['debian', 'current'],
    settings: 'router: { failover: false }',
    texts: (...given) => ({ 'conf.d/site.conf': site(...given) }),
  },
  {
    name: 'managed-no-keepalive',
    kinds: ['debian', 'current'],
    settings: 'upstream: { server: other }',
    texts: (...given) => ({ 'conf.d/site.conf': site(...given) }),
  },
  {
    name: 'managed-many',
    kinds: ['debian', 'current'],
    settings:
      'domain: ["*.example.com", b.example.com]\nrouter: { listen: ["127.0.0.1:8000", "[::1]:8000"], max_body: 10m }',
    texts: (...given) => ({ 'conf.d/site.conf': site(...given) }),
  },
  {
    name: 'adopted-upstreams',
    kinds: ['debian', 'current'],
    settings: 'router: { mode: adopted }',
    texts: (config) => ({ 'conf.d/upstreams.conf': adoptedUpstreams(config) }),
  },
  {
    name: 'adopted-include',
    kinds: ['debian', 'current'],
    settings: 'router: { mode: adopted }',
    texts: (config, facts) => ({
      'service-url.inc': adoptedInclude(config, facts),
      'conf.d/upstreams.conf': adoptedUpstreams(config),
      'conf.d/theirs.conf': theirs,
    }),
  },
  {
    name: 'classic-blue',
    kinds: ['debian'],
    settings: 'router: { mode: classic }',
    texts: (config, facts) => ({
      'service-url.inc': classicInclude(config, facts, 'blue'),
      'conf.d/theirs.conf': theirs,
    }),
  },
  {
    name: 'classic-green-gentle',
    kinds: ['current'],
    settings: 'router: { mode: classic }',
    texts: (config, facts) => ({
      'service-url.inc': classicInclude(config, facts, 'green'),
      'conf.d/theirs.conf': theirs,
    }),
  },
];

/** The server block of the tutorial, which stays the user's own. */
const theirs = `server {
  listen 80;
  include service-url.inc;
  location / {
    proxy_pass $service_url;
    proxy_set_header Host $host;
  }
}
`;

describe.each(cases)('the golden file $name', ({ name, kinds, settings, texts }) => {
  it.each(kinds)('is what is written for nginx (%s), and that nginx accepts it', async (kind) => {
    const config = parseConfig(
      '/srv/shop/cutover.yaml',
      `app: shop\nartifact: shop.jar\nstate: /srv/shop\n${settings}\n`,
    );
    const files = texts(config, factsFor(kind, config));
    await expect(Object.values(files)[0]).toMatchFileSnapshot(`../golden/${name}.conf`);
    expect(await judged(kind, files)).toBe('');
  });
});

function factsFor(kind: Kind, { router, progressive }: Config): SiteFacts {
  return {
    ...(sharesTraffic(progressive) ? { sharing: { salt: 'salt', secret: 'secret-of-previews' } } : {}),
    traffic: '/srv/shop/traffic',
    token: '0123456789abcdef0123456789abcdef',
    http2Directive: kind === 'current',
    keepaliveMinTimeout: kind === 'current',
    log: router.mode === 'managed' ? '/srv/shop/access/access.log' : undefined,
  };
}

/** What the real nginx has to say against these files; nothing is fine. Paths and ports become ones that may be used here. */
async function judged(kind: Kind, files: Record<string, string>): Promise<string> {
  const dir = await temporary();
  for (const folder of ['conf.d', 'tls', 'access', 'tmp']) await mkdir(path.join(dir, folder));
  await makeCertificate(path.join(dir, 'tls'), ['shop.example.com']);
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(dir, file), here(text, dir));
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((part) => `${part}_temp_path ${dir}/tmp/${part};`)
    .join('\n');
  const main = `pid ${dir}/pid;\nevents {}\nhttp {\n${temp}\naccess_log off;\ninclude conf.d/*.conf;\n}\n`;
  await writeFile(path.join(dir, 'nginx.conf'), main);
  const binary = await (kind === 'debian' ? ensureNginx() : ensureCurrentNginx());
  const words = ['-t', '-q', '-p', dir, '-c', path.join(dir, 'nginx.conf'), '-e', 'stderr'];
  const { stderr, stdout } = await promisify(execFile)(binary, words).catch(
    (error: { stderr: string; stdout: string }) => error,
  );
  return `${stdout}${stderr}`;
}

function here(text: string, dir: string): string {
  return text
    .replaceAll('/srv/shop', dir)
    .replaceAll('/srv/tls', `${dir}/tls`)
    .replaceAll(/listen (80|443)\b/g, 'listen 127.0.0.1:1$1');
}
