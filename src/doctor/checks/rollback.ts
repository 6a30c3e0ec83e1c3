import { releaseBefore } from '../../core/rollback.ts';
import { otherSlot } from '../../core/slot.ts';
import { whenDeployed } from '../context.ts';
import { fine, note, warning, wrong, type Check } from '../finding.ts';

/** Back to what, and would it mend anything? */
export const rollback: Check = {
  id: 'rollback',
  group: 'deployments',
  trap: 21,
  title: 'way back',
  check: whenDeployed(async ({ config, host, live, view }) => {
    const current = view.slots[live].release;
    const mark = view.releases.find(({ id }) => id === current)?.notReversible;
    if (mark !== undefined)
      return warning(`release ${current ?? '?'} is not reversible: ${mark}`, 'when it fails, deploy one that mends it');
    const before = releaseBefore(view, current);
    const target = view.releases.find(({ id }) => id === before);
    if (!target) return note('there is no release before the live one');
    const isThere = config.runtime === 'docker' ? ['docker', 'image', 'inspect', '--'] : ['test', '-e'];
    const { code } = await host.run([...isThere, target.artifact]);
    if (code !== 0)
      return wrong(
        `release ${target.id} is recorded, but ${target.artifact} is gone`,
        '`cutover rollback RELEASE` names another; `cutover history` lists them',
      );
    const standby = view.slots[otherSlot(live)];
    const warm = standby.state === 'running' && standby.release === target.id;
    return fine(`\`cutover rollback\` goes to release ${target.id}${warm ? ' at once' : ', which is started first'}`);
  }),
};

/** Work that must be done once is done by each copy that runs. */
export const schedulers: Check = {
  id: 'schedulers',
  group: 'deployments',
  trap: 19,
  title: 'runs once',
  check: whenDeployed(({ config, live, view }) => {
    const { activate, deactivate } = config.hooks;
    if (activate && deactivate) return fine('hooks.activate and hooks.deactivate tell each slot whether it is live');
    if (activate || deactivate)
      return warning(
        'only one of hooks.activate and hooks.deactivate is set',
        'set both, so that each is undone by the other',
      );
    const both = view.slots[otherSlot(live)].state === 'running';
    if (!both) return fine('only one copy runs, but for the moment of a deploy');
    return note(
      'both slots run schedulers and queue consumers, if the app has any',
      'switch them with hooks.activate and hooks.deactivate, or use a lock (ShedLock)',
    );
  }),
};
