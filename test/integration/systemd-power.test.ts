import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../src/core/journal.ts';
import { otherSlot, slots, type Slot } from '../../src/core/slot.ts';
import type { Status } from '../../src/core/status.ts';
import { startServer, until, type Answer, type Server } from '../support/systemd-stand.ts';

/** A hook waits for as long as its file is there: so the power fails at a known step. */
const hold = (name: string) => `  ${name}: { run: 'while [ -e /srv/shop/${name} ]; do sleep 0.05; done', shell: true }`;
const held = ['before_start', 'after_start', 'before_switch', 'after_switch'] as const;
/** At `probe` it is the application that takes its time. */
const steps = [held[0], 'probe', ...held.slice(1)];
/** nginx soon gives up what it keeps idle: a deploy need not wait for that. */
const config = `health: { path: /health }\nupstream: { idle: 200ms }\nhooks:\n${held.map(hold).join('\n')}`;

describe.each(['root', 'deploy'])('a server on which %s deploys', (user) => {
  let server: Server;

  beforeAll(async () => {
    server = await startServer({ name: `power-${user}`, user, config });
    await server.cutover(['setup', '--owner', user], { user: 'root' });
    await server.done('deploy');
    await server.done('deploy');
  });

  afterAll(async () => server?.machine.stop());

  test('brings back exactly the live slot and the standby after a reboot', async () => {
    const before = await server.status();
    await server.machine.reboot();
    await until('the live slot answers', async () => (await server.ask()).slot === before.live);
    const after = await server.status();
    expect(shapeOf(after)).toEqual(shapeOf(before));
    expect(after).toMatchObject({ agreement: true, deployment: null });
    expect(await applications()).toBe(2);
    expect(await failedUnits()).toBe('');
  });

  test('brings back the live slot alone when no standby is kept', async () => {
    await server.configure(`${config}\nstandby: none`);
    await server.done('deploy');
    const { live } = await server.status();
    await server.machine.powerFail();
    await until('the live slot answers', async () => (await server.ask()).slot === live);
    expect(await applications()).toBe(1);
    expect((await server.status()).slots[otherSlot(live ?? 'blue')].state).toBe('stopped');
    await server.configure(config);
    await server.done('deploy');
  });

  test.each(steps)('is right after a power failure at the step %s', async (step) => {
    const before = await server.status();
    const live = before.live ?? 'blue';
    const other = otherSlot(live);
    const release = await deployUntil(step);
    await server.machine.powerFail();
    await cleared();
    const isProven = steps.indexOf(step) > steps.indexOf('probe');
    const proven = [...slots.map((slot) => before.slots[slot].release), ...(isProven ? [release] : [])];
    for (const { status, release: by } of await answersUntil(step === 'after_switch' ? other : live))
      if (status === 200) expect(proven).toContain(by);
    const status = await server.status();
    expect(status.deployment).toMatchObject({
      command: 'deploy',
      step: step === 'probe' ? 'probe' : 'hook',
      running: false,
    });
    expect(status.next).toContain('cutover recover');
    expect(await applications()).toBe(isProven ? 2 : 1);
    if (steps.indexOf(step) % 2 === 0) await recovered(live, before.slots[live].release);
    else await deployedAnew();
  });

  test('comes to itself after power failures at random moments of a deploy', async () => {
    for (let round = 0; round < 4; round++) {
      const wait = 50 + Math.random() * 500;
      const running = await server.start('deploy');
      await new Promise((resolve) => setTimeout(resolve, wait));
      await server.machine.powerFail();
      await running.done;
      await until('the public is answered', async () => (await server.ask()).status === 200);
      await server.done('recover');
      const status = await server.status();
      expect(status, `after ${Math.round(wait)} ms`).toMatchObject({ agreement: true, deployment: null });
      expect(await server.ask()).toMatchObject({ status: 200, slot: status.live });
    }
    await deployedAnew();
  });

  test('stays down over a reboot after down, and comes back with up', async () => {
    const { live, slots: before } = await server.status();
    await server.done('down', '--yes');
    await server.machine.reboot();
    expect(await applications()).toBe(0);
    expect((await server.status()).slots).toMatchObject({ blue: { state: 'stopped' }, green: { state: 'stopped' } });
    await server.done('up');
    expect(await server.ask()).toMatchObject({ status: 200, slot: live, release: before[live ?? 'blue'].release });
    await server.machine.reboot();
    await until('it came back by itself', async () => (await server.ask()).slot === live);
  });

  /** Answers with the release that is being deployed when its deployment has come to the step. */
  async function deployUntil(step: string): Promise<string> {
    if (step === 'probe') await server.configure(`${config}\nenv: { FAIL: "slow-start:3" }`);
    else await server.say('touch', `/srv/shop/${step}`);
    const known = (await server.journal()).findLast(({ kind }) => kind === 'begin')?.['deployment'];
    await server.start('deploy');
    return until(`the journal shows ${step}`, async () => {
      const journal = (await server.journal()) as unknown as readonly JournalEntry[];
      const begin = journal.findLast((entry) => entry.kind === 'begin');
      const last = journal.at(-1);
      if (!begin || begin.deployment === known || last?.kind !== 'step') return undefined;
      const at = begin.plan[last.index];
      return (at?.do === 'hook' ? at.hook : at?.do) === camel(step) && begin.release;
    });
  }

  async function answersUntil(slot: Slot): Promise<readonly Answer[]> {
    const answers: Answer[] = [];
    await until(`${slot} answers`, async () => {
      const answer = await server.ask();
      answers.push(answer);
      return answer.slot === slot;
    });
    return answers;
  }

  async function recovered(live: Slot, release: string | null): Promise<void> {
    await server.done('recover');
    expect(await server.status()).toMatchObject({ live, agreement: true, deployment: null });
    expect(await server.ask()).toMatchObject({ status: 200, slot: live, release });
    expect((await server.done('recover')).code).toBe(0);
    await server.done('deploy');
  }

  async function deployedAnew(): Promise<void> {
    await server.done('deploy');
    const status = await server.status();
    expect(status).toMatchObject({ agreement: true, deployment: null });
    expect(await server.ask()).toMatchObject({ status: 200, slot: status.live, release: status.releases.at(-1) });
    expect(await applications()).toBe(2);
    expect(await failedUnits()).toBe('');
  }

  async function cleared(): Promise<void> {
    await server.say('rm', '-f', ...held.map((name) => `/srv/shop/${name}`));
    await server.configure(config);
  }

  async function applications(): Promise<number> {
    return (await server.say('ps', 'axo', 'args')).split('\n').filter((line) => line.endsWith('server.js')).length;
  }

  async function failedUnits(): Promise<string> {
    const listed = await server.machine.exec(
      ['systemctl', ...(user === 'root' ? [] : ['--user']), 'list-units', '--failed', '--no-legend'],
      { user },
    );
    return listed.stdout;
  }
});

function shapeOf(status: Status): unknown {
  const seen = slots.map((slot) => [status.slots[slot].state, status.slots[slot].release, status.slots[slot].restarts]);
  return { live: status.live, seen };
}

function camel(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
