import { slots, type Slot } from '../../core/slot.ts';
import type { Seen } from '../context.ts';
import { whenDeployed, whenSeen } from '../context.ts';
import { fine, warning, wrong, type Check, type Finding } from '../finding.ts';

/** Its settings were silently not found, so it opened its own default port. */
export const ownPort: Check = {
  id: 'listens-elsewhere',
  group: 'application',
  trap: 3,
  title: 'listens on its port',
  check: whenDeployed(({ config, view }) => {
    const running = slots.filter((slot) => view.slots[slot].state === 'running');
    for (const slot of running) {
      const { ports } = view.slots[slot];
      if (!ports.includes(config.slots[slot]))
        return wrong(
          `${slot} listens on ${ports.join(', ') || 'no port'} instead of ${config.slots[slot]}`,
          'let `run` give it {port}, or let the app read PORT; then deploy again',
        );
    }
    const fixed = config.run?.argv.map((word) => /server\.port[= ](\d+)/.exec(word)?.[1]).find(Boolean);
    if (fixed) return warning(`\`run\` names port ${fixed} itself, so both slots would want it`, 'write {port} there');
    return fine(running.map((slot) => `${slot} on ${config.slots[slot]}`).join(', ') || 'nothing runs');
  }),
};

/** A foreign process on a slot's port would answer the health check in the app's place. */
export const portOwner: Check = {
  id: 'port-owner',
  group: 'application',
  trap: 4,
  title: 'ports are ours',
  check: whenSeen((context) => {
    const taken = slots.filter((slot) => context.view.slots[slot].taken);
    const [first] = taken;
    if (first) return foreign(context, first);
    return fine(slots.map((slot) => `${context.config.slots[slot]} ${state(context, slot)}`).join(', '));
  }),
};

function foreign({ config, holders }: Seen, slot: Slot): Finding {
  const port = config.slots[slot];
  const holder = holders.get(port);
  const who = holder ? `process ${holder.pid} (${holder.command})` : "another user's process";
  const see = holder ? `\`kill ${holder.pid}\`` : `\`sudo ss -ltnp 'sport = :${port}'\` names it; end it`;
  return wrong(`port ${port} of ${slot} is held by ${who}, which is not ours`, `${see}, or give the slots other ports`);
}

function state({ config, view }: Seen, slot: Slot): string {
  return view.slots[slot].ports.includes(config.slots[slot]) ? `is ${slot}` : 'is free';
}
