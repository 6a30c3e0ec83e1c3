import type { Failure } from '../../core/failure.ts';
import { trafficText, wayOut } from '../../core/view.ts';
import { otherSlot, slots } from '../../core/slot.ts';
import { soleSlot } from '../../core/split.ts';
import { whenDeployed, whenSeen } from '../context.ts';
import { fine, later, note, wrong, type Check, type Finding } from '../finding.ts';

/** Records, switch and processes: each is asked, none is believed alone. */
export const witnesses: Check = {
  id: 'live-slot',
  group: 'traffic',
  trap: 1,
  title: 'who is live',
  check(context) {
    const { trouble, world } = context;
    if (world && trouble) return unseen(trouble);
    return whenSeen(({ view }) => {
      const fix = `see \`cutover status\`, then ${wayOut(view.split)}`;
      if (view.disagreements.length > 0) return wrong(view.disagreements.join('\n'), fix);
      if (view.unfinished) return note('a deployment is not finished; see "unfinished" below');
      if (!view.live) return note('nothing is deployed yet', '`cutover deploy`');
      return fine(`${trafficText(view.split, view.slots[view.live].release)}: records, switch and process agree`);
    })(context);
  },
};

function unseen({ fields }: Failure): Finding {
  const fix = fields.code === 'SYSTEM' ? 'see "state is yours" and "disk" below' : fields.fix;
  return wrong([fields.what, fields.why].filter(Boolean).join(': '), fix ?? '`cutover status` tells more');
}

/** What runs in a slot is told by its own environment, never by a profile's or a program's name. */
export const identity: Check = {
  id: 'identity',
  group: 'application',
  trap: 2,
  title: 'whose process',
  check: whenDeployed(async ({ host, view }) => {
    const running = slots.filter((slot) => view.slots[slot].pid !== undefined);
    for (const slot of running) {
      const environment = (await host.read(`/proc/${view.slots[slot].pid ?? 0}/environ`).catch(() => '')) ?? '';
      const said = /(?:^|\0)CUTOVER_SLOT=([^\0]*)/.exec(environment)?.[1];
      if (said !== undefined && said !== slot)
        return wrong(
          `the process in ${slot} says it is ${said}`,
          `\`cutover deploy\` puts a new one into ${otherSlot(slot)}`,
        );
    }
    if (running.length === 0) return later('once something runs');
    return fine(
      `${running.join(' and ')}: told by pid, start time and environment, whatever the app or its profile is called`,
    );
  }),
};

/** A file that says one thing while nginx serves another. */
export const served: Check = {
  id: 'switch-served',
  group: 'traffic',
  trap: 8,
  title: 'switch is served',
  check: whenDeployed(({ view }) => {
    const routed = soleSlot(view.split);
    const { slot, detail } = view.frontDoor;
    if (slot === undefined) return later('once the front door answers');
    if (slot === routed) return fine(`the switch says ${slot}, and ${slot} answers`);
    return wrong(
      `the switch says ${routed ?? 'both'}, but ${detail}`,
      '`nginx -t && nginx -s reload`; if it stays so, `cutover recover --trust router`',
    );
  }),
};
