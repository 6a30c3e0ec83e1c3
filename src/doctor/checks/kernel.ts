import { asFailure } from '../../core/failure.ts';
import { outOfService } from '../../core/members.ts';
import { slots } from '../../core/slot.ts';
import { whenDeployed, whenSeen, type Context } from '../context.ts';
import { fine, note, unknown, warning, wrong, type Check } from '../finding.ts';

/** What `router: l4` needs of the kernel and of this server. */
export const kernelChecks: readonly Check[] = [
  check(
    'l4-rules',
    'rules',
    whenSeen(async ({ world }) => {
      for (const each of world.checks) {
        const failure = await each({ shares: false }).then(() => undefined, asFailure);
        if (failure)
          return wrong([failure.fields.what, failure.fields.why].filter(Boolean).join(': '), failure.fields.fix ?? '');
      }
      return fine('the switch knows the addresses of cutover.yaml');
    }),
  ),
  check('l4-programs', 'nft and conntrack', async ({ host }) => {
    for (const [program, name] of [
      ['nft', 'nftables'],
      ['conntrack', 'conntrack'],
    ] as const)
      if ((await host.run([program, '--version'])).code !== 0)
        return wrong(`\`${program}\` is not there`, `sudo apt install ${name}`);
    return fine('both are there');
  }),
  check(
    'l4-listens',
    'listens for others',
    whenDeployed(async ({ config, host, view }) => {
      if (config.router.l4.pools) return fine('the servers are others');
      const { stdout } = await host.run(['ss', '-Hln', `--${config.router.l4.protocol}`]);
      const places = stdout.split('\n').map((line) => line.trim().split(/\s+/)[3] ?? '');
      for (const slot of slots) {
        const own = places.filter((place) => place.endsWith(`:${config.slots[slot]}`));
        if (
          view.slots[slot].state === 'running' &&
          own.length > 0 &&
          own.every((place) => /^(127\.|\[::1\])/.test(place))
        )
          return wrong(
            `${slot} listens on ${own.join(', ')} alone, where the kernel leads nobody`,
            'let the application listen on all addresses, then deploy again',
          );
      }
      return fine('what runs can be reached at the public address');
    }),
  ),
  check('l4-boot', 'rules after a reboot', async ({ config, host }) => {
    if ((await host.read('/proc/1/comm'))?.trim() !== 'systemd')
      return warning(
        'nothing brings the rules back: they end with the machine',
        `have ${config.router.l4.rules}/switch restore run at boot`,
      );
    const { stdout } = await host.run(['systemctl', 'is-enabled', `cutover-${config.app}-l4.service`]);
    if (stdout.trim() === 'enabled') return fine(`cutover-${config.app}-l4.service brings them back`);
    return wrong(
      `cutover-${config.app}-l4.service is ${stdout.trim() || 'not there'}`,
      '`sudo cutover setup` enables it',
    );
  }),
  check('l4-forwarding', 'passes packets on', async ({ config, host }) => {
    if (!config.router.l4.pools) return fine('not needed: both slots are on this server');
    const on = (await host.read('/proc/sys/net/ipv4/ip_forward'))?.trim() === '1';
    return on
      ? fine('net.ipv4.ip_forward is 1')
      : wrong('net.ipv4.ip_forward is 0: no packet reaches the servers', '`sudo cutover setup`');
  }),
  check('l4-table', 'room for connections', tracking),
  check('l4-others', 'rules of others', others),
  check(
    'l4-members',
    'servers',
    whenSeen(async ({ world }) => {
      const out = outOfService((await world.pools?.recorded()) ?? []);
      if (out.length === 0)
        return fine(world.pools ? 'all get traffic, as far as the last check knows' : 'none: both slots are here');
      return warning(
        out.map(({ address, state, answer }) => `${address} is ${state}${answer ? ` (${answer})` : ''}`).join('\n'),
        '`cutover members` shows all, `cutover members check` asks again',
      );
    }),
  ),
];

function check(id: string, title: string, look: Check['check']): Check {
  return { id, group: 'kernel', trap: undefined, title, check: look };
}

/** A full table drops new connections without a word to the client. */
async function tracking({ host }: Context) {
  const [count, most] = await Promise.all(
    ['count', 'max'].map(async (name) => Number(await host.read(`/proc/sys/net/netfilter/nf_conntrack_${name}`))),
  );
  if (count === undefined || most === undefined || Number.isNaN(count) || !most)
    return unknown('connection tracking does not tell', '`sudo cutover doctor`');
  const says = `${count} of ${most} connections are tracked`;
  if (count < most * 0.8) return fine(says);
  return warning(`${says}: when it is full, new ones are dropped`, 'raise net.netfilter.nf_conntrack_max');
}

/** The first rule that translates a packet's address has it; what comes later is not asked. */
function others({ config, chains }: Context) {
  if (chains === undefined) return unknown('only root may see them', '`sudo cutover doctor`');
  const { nftables } = JSON.parse(chains) as { nftables: readonly { chain?: Record<string, string | number> }[] };
  const ours = `cutover_${config.app.replaceAll('-', '_')}`;
  const before = nftables.flatMap(({ chain }) =>
    chain?.['type'] === 'nat' && chain['hook'] === 'prerouting' && chain['table'] !== ours
      ? [`${chain['family']} ${chain['table']}`]
      : [],
  );
  if (before.length === 0) return fine('nobody else translates addresses here');
  return note(
    `${before.join(', ')} translate addresses, too: who comes first has the packet`,
    'see that none of them takes the public port',
  );
}
