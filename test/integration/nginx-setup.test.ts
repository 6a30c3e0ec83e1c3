import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createStand, mustBeDone, type Stand, type StandOptions } from '../support/stand.ts';
import { serverBlock, startAdoptable } from '../support/adopted.ts';

let stand: Stand | undefined;

afterEach(async () => {
  await stand?.stop();
  stand = undefined;
});

async function open(options: StandOptions): Promise<Stand> {
  stand = await createStand(options);
  return stand;
}

/** Every file of the nginx with its mode and bytes, as base64. */
function pictureOf({ nginx }: Stand): Record<string, string> {
  const files = readdirSync(nginx.dir, { recursive: true, encoding: 'utf8' }).filter(
    (file) => !/\.log$|^tmp/.test(file),
  );
  return Object.fromEntries(files.map((file) => [file, shown(path.join(nginx.dir, file))]));
}

function shown(file: string): string {
  const stat = statSync(file);
  return stat.isDirectory() ? 'folder' : `${(stat.mode & 0o777).toString(8)} ${readFileSync(file).toString('base64')}`;
}

describe.each(['debian', 'current'] as const)('setup on nginx (%s)', (nginx) => {
  it('prints everything and changes nothing', async () => {
    const tested = await open({ nginx, setup: false });
    const before = pictureOf(tested);
    const { code, stdout } = await tested.cutover('setup', '--print');
    expect(code).toBe(0);
    for (const word of ['upstream', 'listen', tested.nginx.confDir, '-s reload', 'front-door-token', '(secret)'])
      expect(stdout).toContain(word);
    expect(pictureOf(tested)).toEqual(before);
    expect(existsSync(tested.state)).toBe(false);
  });

  it('changes nothing the second time, and reloads nothing', async () => {
    const tested = await open({ nginx });
    const before = pictureOf(tested);
    const reloads = tested.nginx.errorLog().match(/reconfiguring/g)?.length;
    const { code, stdout } = await tested.cutover('setup');
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('already') as string });
    expect(pictureOf(tested)).toEqual(before);
    expect(tested.nginx.errorLog().match(/reconfiguring/g)?.length).toBe(reloads);
  });

  it('that fails later leaves what the one before it had written, and can still be removed', async () => {
    const tested = await open({ nginx, setup: false });
    const untouched = pictureOf(tested);
    mustBeDone(await tested.cutover('setup'));
    const before = pictureOf(tested);
    // nginx takes the new site, but the address at which it is asked leads elsewhere.
    tested.reroute(`max_body: 5m\n  sites: ${tested.nginx.confDir}\n  listen: 127.0.0.1:${tested.nginx.port}`);
    writeFileSync(
      tested.config,
      readFileSync(tested.config, 'utf8').replace(/front_door: .*/, 'front_door: http://127.0.0.1:9'),
    );
    const { code, stderr } = await tested.cutover('setup');
    expect(stderr).toContain('FRONT_DOOR_SILENT');
    expect(code).toBe(5);
    expect(pictureOf(tested)).toEqual(before);
    tested.configure('');
    expect((await tested.cutover('setup')).stdout).toContain('already');
    mustBeDone(await tested.cutover('setup', '--remove'));
    expect(pictureOf(tested)).toEqual(untouched);
  });

  it('is taken back byte for byte', async () => {
    const tested = await open({ nginx, setup: false });
    const before = pictureOf(tested);
    mustBeDone(await tested.cutover('setup'));
    expect(pictureOf(tested)).not.toEqual(before);
    mustBeDone(await tested.cutover('setup', '--remove'));
    expect(pictureOf(tested)).toEqual(before);
    expect(existsSync(tested.state)).toBe(false);
  });

  it('refuses to be taken back while a release runs', async () => {
    const tested = await open({ nginx, config: 'health: { path: /health }' });
    mustBeDone(await tested.cutover('deploy'));
    const { code, stderr } = await tested.cutover('setup', '--remove');
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('STILL_UP') as string });
    expect((await tested.status()).live).toBe('blue');
  });

  it('leaves everything as it was when its files do not fit what is there', async () => {
    const tested = await open({
      nginx,
      setup: false,
      beforeSetup: ({ nginx: { confDir } }) =>
        writeFileSync(path.join(confDir, 'aaa.conf'), 'upstream cutover-shop-blue { server 127.0.0.1:9; }\n'),
    });
    const before = pictureOf(tested);
    const { code, stderr } = await tested.cutover('setup');
    expect({ code, stderr }).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('NGINX_CONFIG_BROKEN') as string,
    });
    expect(stderr).toContain('duplicate upstream');
    expect(pictureOf(tested)).toEqual(before);
    await tested.nginx.test();
  });

  it.each(['aaa.conf', 'zzz.conf'])('refuses to stand beside a site of the same name, in %s', async (file) => {
    const tested = await open({
      nginx,
      setup: false,
      beforeSetup: async ({ nginx: { confDir, port, reload }, host }) => {
        writeFileSync(
          path.join(confDir, file),
          `server { listen 127.0.0.1:${port}; server_name ${host}; return 200 theirs; }\n`,
        );
        await reload();
      },
    });
    const before = pictureOf(tested);
    const { code, stderr } = await tested.cutover('setup');
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('SITE_CONFLICT') as string });
    expect(pictureOf(tested)).toEqual(before);
    expect(await (await fetch(tested.url, { headers: { connection: 'close' } })).text()).toBe('theirs');
  });

  it('says so when nginx is not running or its configuration is broken, and a deploy changes nothing', async () => {
    const tested = await open({ nginx, config: 'health: { path: /health }' });
    mustBeDone(await tested.cutover('deploy'));
    const theirs = path.join(tested.nginx.confDir, 'theirs.conf');
    writeFileSync(theirs, 'server { this is not nginx; }\n');
    const journal = tested.journal().length;
    const broken = await tested.cutover('deploy');
    expect(broken).toMatchObject({ code: 5, stderr: expect.stringContaining('NGINX_CONFIG_BROKEN') as string });
    expect(broken.stderr).toContain('theirs.conf');
    expect((await fetch(`${tested.url}/version`)).status).toBe(200);
    writeFileSync(theirs, '');
    await tested.nginx.stop();
    const down = await tested.cutover('deploy');
    expect(down).toMatchObject({ code: 5, stderr: expect.stringMatching(/FRONT_DOOR_SILENT|NGINX_DOWN/) as string });
    expect(tested.journal()).toHaveLength(journal);
    expect(readdirSync(path.join(tested.state, 'releases'))).toEqual(['1']);
  });
});

describe.each(['adopted', 'classic'] as const)('setup of %s', (mode) => {
  it('takes the include file over, and gives back its very bytes, which may be no UTF-8', async () => {
    const tested = await startAdoptable(mode, 'debian', { setup: false });
    stand = tested;
    const before = pictureOf(tested);
    mustBeDone(await tested.cutover('setup'));
    expect(pictureOf(tested)['service-url.inc']).not.toBe(before['service-url.inc']);
    mustBeDone(await tested.cutover('setup', '--remove'));
    expect(pictureOf(tested)).toEqual(before);
  });

  it('says so when the include stands in the block of another domain, and leaves everything as it was', async () => {
    const tested = await startAdoptable(mode, 'debian', {
      setup: false,
      site: (options) =>
        `${serverBlock({ ...options, host: 'other.example.com' })}\nserver { listen 127.0.0.1:${options.port}; server_name ${options.host}; return 200 theirs; }\n`,
    });
    stand = tested;
    const before = pictureOf(tested);
    const { code, stderr } = await tested.cutover('setup');
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('FRONT_DOOR_SILENT') as string });
    expect(stderr).toContain('include');
    expect(pictureOf(tested)).toEqual(before);
  });
});
