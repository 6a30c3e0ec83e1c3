import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { finding } from '../support/doctor.ts';
import { createStand, mustBeDone, type Stand } from '../support/stand.ts';

describe('with a server block of the user’s own', () => {
  let stand: Stand;
  let site: string;
  let good: string;
  beforeAll(async () => {
    stand = await createStand({ setup: false, config: 'health: { path: /health }' });
    const include = path.join(stand.nginx.dir, 'service-url.inc');
    site = path.join(stand.nginx.confDir, 'shop.conf');
    good = serverBlock(stand, include);
    stand.configure('health: { path: /health }');
    writeFileSync(
      stand.config,
      readFileSync(stand.config, 'utf8').replace('router:\n', `router:\n  mode: adopted\n  include: ${include}\n`),
    );
    writeFileSync(include, `set $service_url http://127.0.0.1:${stand.ports.blue};\n`);
    writeFileSync(site, good);
    await stand.nginx.reload();
    mustBeDone(await stand.cutover('setup'));
    mustBeDone(await stand.cutover('deploy'));
  });
  afterAll(async () => stand?.stop());

  test('a good one has nothing wrong', async () => {
    for (const id of [
      'include',
      'open-file-cache',
      'location-prefix',
      'forwarded-headers',
      'streams',
      'upstream-keepalive',
      'front-door',
    ])
      expect(await finding(stand, id), id).toMatchObject({ verdict: 'fine' });
  });

  const broken: readonly [string, string, (text: string) => string, object][] = [
    [
      'an include outside the server block',
      'include',
      (text) => `${/include .*\n/.exec(text)?.[0] ?? ''}${text.replace(/ *include .*\n/, '')}`,
      { verdict: 'wrong', says: expect.stringContaining('not in a server block') },
    ],
    [
      'no include at all',
      'include',
      (text) => text.replace(/ *include .*\n/, ''),
      { verdict: 'wrong', says: expect.stringContaining('no server block includes') },
    ],
    [
      'an include in the block of another name',
      'include',
      (text) => text.replace('server_name shop.', 'server_name blog.'),
      { verdict: 'warning' },
    ],
    [
      'a variable used before it is set',
      'include',
      (text) => text.replace('  include', '  set $early $service_url;\n  include'),
      { verdict: 'wrong', says: expect.stringContaining('before it is set') },
    ],
    [
      'a variable that another server block does not set',
      'include',
      (text) => `${text}server { listen 127.0.0.1:1; location / { proxy_pass $service_url; } }\n`,
      { verdict: 'wrong', says: expect.stringContaining('not set in its server block') },
    ],
    [
      'a location with a prefix',
      'location-prefix',
      (text) => text.replace('location /', 'location /shop/'),
      { verdict: 'warning', fix: expect.stringContaining('rewrite ^/shop/') },
    ],
    [
      'a path behind the variable',
      'location-prefix',
      (text) => text.replace('proxy_pass $service_url;', 'proxy_pass $service_url/;'),
      { verdict: 'wrong', says: expect.stringContaining('every request') },
    ],
    [
      'a missing X-Forwarded-Proto',
      'forwarded-headers',
      (text) => text.replace(/.*X-Forwarded-Proto.*\n/, ''),
      { verdict: 'warning', fix: 'proxy_set_header X-Forwarded-Proto $scheme;' },
    ],
    ['a missing upgrade', 'streams', (text) => text.replace(/.*Upgrade.*\n/, ''), { verdict: 'note' }],
    [
      'an uncleared Connection',
      'upstream-keepalive',
      (text) => text.replace(/.*Connection.*\n/, ''),
      { verdict: 'warning' },
    ],
    [
      'open_file_cache of the whole nginx, which the include turns off where it matters,',
      'open-file-cache',
      (text) => `open_file_cache max=100;\n${text}`,
      { verdict: 'fine' },
    ],
    [
      'open_file_cache in place of the one that the include turns off',
      'open-file-cache',
      (text) => text.replace('    proxy_pass', '    open_file_cache max=100;\n    proxy_pass'),
      { verdict: 'wrong' },
    ],
  ];

  test.each(broken)('%s is found by %s', async (_, id, spoil, expected) => {
    writeFileSync(site, spoil(good));
    expect(await finding(stand, id)).toMatchObject(expected);
    writeFileSync(site, good);
  });
});

function serverBlock({ nginx, host }: Stand, include: string): string {
  return `server {
  listen 127.0.0.1:${nginx.port};
  server_name ${host};
  include ${include};
  location / {
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "";
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_pass $service_url;
  }
}
`;
}
