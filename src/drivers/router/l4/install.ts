import path from 'node:path';
import type { Config } from '../../../config/config.ts';
import { exitCodes, Failure } from '../../../core/failure.ts';
import type { Host, SetupAction } from '../../../ports.ts';
import { helperFile, helperText, tableName } from './helper.ts';
import { l4Units } from './units.ts';

const final = true;
/** After a later set-up that failed, the program before is back in its place. */
const again = '[ ! -x "$1" ] || "$1" restore > /dev/null';

const refusals = {
  1: {
    code: 'RULES_REFUSED',
    what: 'the kernel does not take the rules',
    fix: 'is nftables with NAT and `numgen` in this kernel? `nft list ruleset` shows what is there',
  },
} as const;

/** Folder, program, rights, rules, and what brings them back at boot. Needs root. */
export async function installL4(host: Host, config: Config, deployer: string): Promise<readonly SetupAction[]> {
  await mustHavePrograms(host);
  if (deployer !== 'root') await mustBeRoots(host, config.router.l4.rules);
  const helper = helperFile(config);
  const text = await helperText(config);
  return [
    { kind: 'test', argv: candidate(text), refusals, why: 'the kernel checks the rules, without taking them' },
    folder(config),
    {
      kind: 'file',
      path: helper,
      content: text,
      mode: 0o755,
      owner: undefined,
      why: 'the one program that changes them',
    },
    ...(await forwarding(host, config)),
    ...rights(config, helper, deployer),
    { kind: 'apply', argv: [helper, 'restore'], refusals, why: 'the rules, in one transaction' },
    ...(await l4Units(host, config, helper, deployer)),
    { kind: 'unapply', argv: ['sh', '-c', again, 'restore', helper], why: 'the rules as they were' },
    { kind: 'unapply', final, argv: ['nft', 'delete', 'table', 'inet', tableName(config.app)], why: 'the rules go' },
  ];
}

function folder({ router }: Config): SetupAction {
  return { kind: 'directory', path: router.l4.rules, mode: 0o755, owner: undefined, why: "the rules; root's alone" };
}

/** The text runs from its input, as the file is not there yet, and prints what it would load. */
function candidate(text: string): readonly string[] {
  const other = 's|^folder=.*|folder=/tmp|; s|^table=.*|table=cutover_check|';
  const check = `rules=$(printf %s "$1" | sed "${other}" | sh -s text) && [ -n "$rules" ] && printf '%s\\n' "$rules" | nft --check -f -`;
  return ['sh', '-c', check, 'check', text];
}

async function mustHavePrograms(host: Host): Promise<void> {
  for (const [program, name] of [
    ['nft', 'nftables'],
    ['conntrack', 'conntrack'],
  ] as const) {
    if ((await host.run([program, '--version'])).code === 0) continue;
    throw new Failure({
      code: 'PROGRAM_MISSING',
      exit: exitCodes.configuration,
      what: `\`${program}\` is not on the server`,
      why: 'router.mode is l4, which works through it',
      fix: `apt install ${name}`,
    });
  }
}

/** Only where the servers are others, and this machine did not pass packets on before. */
async function forwarding(host: Host, { app, router }: Config): Promise<readonly SetupAction[]> {
  if (!router.l4.pools) return [];
  const keys = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'];
  const file = `/etc/sysctl.d/90-cutover-${app}.conf`;
  const ours = (await host.read(file)) !== undefined;
  const values = await Promise.all(keys.map((key) => host.read(`/proc/sys/${key.replaceAll('.', '/')}`)));
  const missing = keys.filter((_, index) => ours || values[index]?.trim() === '0');
  if (missing.length === 0) return [];
  const content = missing.map((key) => `${key} = 1\n`).join('');
  return [
    { kind: 'file', path: file, content, mode: 0o644, owner: undefined, why: 'this machine passes packets on' },
    { kind: 'apply', argv: ['sysctl', '-q', '-p', file], why: 'now' },
    ...missing.map(
      (key) => ({ kind: 'unapply', final, argv: ['sysctl', '-q', '-w', `${key}=0`], why: 'as before' }) as const,
    ),
  ];
}

/** The deployer may run this one program as root, and no other. */
function rights({ app }: Config, helper: string, deployer: string): readonly SetupAction[] {
  if (deployer === 'root') return [];
  const content = `${deployer} ALL=(root) NOPASSWD: ${helper}\n`;
  return [
    {
      kind: 'test',
      argv: ['sh', '-c', 'printf %s "$1" | visudo -c -f - > /dev/null', 'check', content],
      why: 'sudo checks the right',
    },
    {
      kind: 'file',
      path: `/etc/sudoers.d/cutover-${app}`,
      content,
      mode: 0o440,
      owner: undefined,
      why: `${deployer} may run that program as root, and no other`,
    },
  ];
}

/** Whoever may write there would be root at the next switch. */
async function mustBeRoots(host: Host, folder: string): Promise<void> {
  const { stdout } = await host.run(['stat', '-L', '-c', '%u %a %n', '--', ...above(folder)]);
  const open = stdout.split('\n').filter((line) => line !== '' && !/^0 [0-7]*[0-7][0145][0145] /.test(line));
  if (open.length === 0) return;
  throw new Failure({
    code: 'RULES_OPEN',
    exit: exitCodes.configuration,
    what: `${folder} is not root's alone`,
    why: `others may write to ${open.map((line) => line.split(' ').slice(2).join(' ')).join(', ')}, and what lies there runs as root`,
    fix: 'leave router.rules out, or name a folder below one that only root may write to',
  });
}

function above(folder: string): readonly string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...above(parent)];
}
