import { execFileSync } from 'node:child_process';
import { beforeAll, expect, test } from 'vitest';
import { ensureKernelTools } from '../../lab/hosts.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { helperText } from '../../src/drivers/router/l4/helper.ts';

const both = (blue: string, green: string) => `pools: { blue: [${blue}], green: [${green}] }`;

beforeAll(ensureKernelTools);

test.each([
  ['the shortest configuration', ''],
  ['one address', 'listen: "10.0.0.1:80"'],
  ['several addresses of both families', 'listen: [80, "10.0.0.1:443", "[fd00::1]:443"]'],
  ['UDP', 'protocol: udp, listen: 53'],
  ['one server a pool', both('"10.0.0.11:81"', '"10.0.0.11:82"')],
  ['several servers', both('"10.0.0.11:81", "10.0.0.12:81", "10.0.0.13:8081"', '"10.0.0.11:82"')],
  ['servers with IPv6', both('"[fd00::11]:81", "[fd00::12]:81"', '"[fd00::11]:82"')],
  [
    'both families',
    `listen: [80, "[fd00::1]:80"], ${both('"10.0.0.11:81", "[fd00::11]:81"', '"10.0.0.11:82", "[fd00::11]:82"')}`,
  ],
  ['hidden clients', `masquerade: true, ${both('"10.0.0.11:81", "[fd00::11]:81"', '"10.0.0.11:82"')}`],
  [
    'UDP to several servers',
    `protocol: udp, masquerade: true, ${both('"10.0.0.11:53", "10.0.0.12:53"', '"10.0.0.11:54"')}`,
  ],
])('the real nft takes the rules of %s', async (_, router) => {
  const text = await textOf(router);
  execFileSync('nft', ['--check', '--file', '-'], { input: text, stdio: 'pipe' });
  expect(text).toMatch(/^table inet cutover_shop \{/);
});

test('the rules of a pool are what they look like', async () => {
  const text = await textOf(both('"10.0.0.11:81", "[fd00::11]:81", "10.0.0.12:81"', '"10.0.0.11:82"'));
  const chain = (name: string) =>
    new RegExp(`chain ${name} \\{\\n([^}]*(?:\\{[^}]*\\}[^}]*)*)\\n  \\}`).exec(text)?.[1]?.trim();
  expect(chain('blue')).toBe(
    'meta nfproto ipv4 meta l4proto tcp dnat ip to numgen inc mod 2 map { 0 : 10.0.0.11 . 81, 1 : 10.0.0.12 . 81 }\n' +
      'meta nfproto ipv6 meta l4proto tcp dnat ip6 to [fd00::11]:81',
  );
  expect(chain('green')).toBe('meta nfproto ipv4 meta l4proto tcp dnat ip to 10.0.0.11:82');
});

async function textOf(router: string): Promise<string> {
  const config = parseConfig(
    '/srv/cutover.yaml',
    `app: shop\nartifact: .\nrun: x\nhealth: { command: x }\nrouter: { mode: l4, ${router} }\n`.replace(', }', ' }'),
  );
  const program = (await helperText(config)).replace(/^folder=.*$/m, 'folder=/tmp');
  return execFileSync('sh', ['-s', 'text'], { input: program, encoding: 'utf8' });
}
