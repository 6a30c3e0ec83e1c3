import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { execute, resume } from '../../src/core/execute.ts';
import { deploymentsOf, unfinishedOf, type Begin } from '../../src/core/journal.ts';
import { planDeploy, type Cutover } from '../../src/core/plan.ts';
import { otherSlot, type Slot } from '../../src/core/slot.ts';
import { allTo, soleSlot } from '../../src/core/split.ts';
import { newServer, worldOf, type Fate, type Server } from '../support/world-model.ts';

interface Story {
  live: Slot | undefined;
  standby: boolean;
  /** The release is the standby, which runs. */
  back: boolean;
  keepStandby: boolean;
  hooks: Cutover['hooks'];
}

const stories: fc.Arbitrary<Story> = fc.record({
  live: fc.constantFrom<Slot | undefined>('blue', 'green', undefined),
  standby: fc.boolean(),
  back: fc.boolean(),
  keepStandby: fc.boolean(),
  hooks: fc.subarray(['beforeStart', 'afterStart', 'beforeSwitch', 'afterSwitch', 'activate', 'deactivate']),
});
const deadly = fc.constantFrom<Fate['how']>('die-before', 'die-after');
const moment = fc.integer({ min: 1, max: 40 });
const calm = () => new AbortController().signal;

it('without mishap every story ends well', async () => {
  await fc.assert(
    fc.asyncProperty(stories, async (story) => {
      const server = serverOf(story);
      expect(await run(server, story, { at: 0, how: 'live' })).toBe(true);
      mustBeWell(server, story);
      expect(server.running[soleSlot(server.split) ?? 'blue']).toBe('2');
    }),
    { numRuns: 200 },
  );
});

it('whatever moment the command dies at, the next one puts it back or through, and traffic always has a proven release', async () => {
  const outcomes: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(stories, moment, deadly, async (story, at, how) => {
      const server = serverOf(story);
      const finished = await run(server, story, { at, how });
      const outcome = finished ? 'done' : await recovered(server);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      mustBeWell(server, story);
    }),
    { numRuns: 1500 },
  );
  console.log(`died once: ${JSON.stringify(outcomes)}`);
  expect(Object.keys(outcomes).toSorted()).toEqual(['done', 'nothing begun', 'put-back']);
});

it('the same when the one that puts it right dies too, and the next one again', async () => {
  await fc.assert(
    fc.asyncProperty(
      stories,
      moment,
      deadly,
      fc.array(fc.tuple(moment, deadly), { maxLength: 3 }),
      async (story, at, how, more) => {
        const server = serverOf(story);
        const finished = await run(server, story, { at, how });
        for (const [next, fate] of more) await recovered(server, { at: next, how: fate }).catch(() => undefined);
        if (!finished) await recovered(server);
        mustBeWell(server, story);
      },
    ),
    { numRuns: 1500 },
  );
});

it('whatever effect fails once, the command itself puts it back or says that it could not', async () => {
  await fc.assert(
    fc.asyncProperty(stories, moment, async (story, at) => {
      const server = serverOf(story);
      const finished = await run(server, story, { at, how: 'fail' });
      if (!finished && unfinishedOf(deploymentsOf(server.journal))) await recovered(server);
      mustBeWell(server, story);
    }),
    { numRuns: 800 },
  );
});

function serverOf({ live, standby, back }: Story): Server {
  return newServer(live, live && (back ? '2' : standby ? '0' : undefined));
}

async function run(server: Server, story: Story, fate: Fate): Promise<boolean> {
  const before = allTo(story.live ?? 'blue');
  const target = story.live ? otherSlot(story.live) : 'blue';
  const cutover: Cutover = {
    before,
    live: story.live,
    liveRelease: story.live && '1',
    release: '2',
    stage: !story.back,
    occupied: server.running[target] !== undefined,
    running: story.back && story.live !== undefined,
    keepStandby: story.keepStandby,
    hooks: story.hooks,
  };
  const begin: Begin = {
    kind: 'begin',
    deployment: '1',
    command: 'deploy',
    at: 0,
    by: 'me',
    before,
    from: story.live,
    fromRelease: cutover.liveRelease,
    to: target,
    release: '2',
    plan: planDeploy(cutover),
  };
  return execute(worldOf(server, fate), jobOf(server), begin, calm()).then(
    () => true,
    () => false,
  );
}

async function recovered(server: Server, fate?: Fate): Promise<string> {
  const unfinished = unfinishedOf(deploymentsOf(server.journal));
  if (!unfinished) return 'nothing begun';
  return (await resume(worldOf(server, fate), jobOf(server), unfinished)).outcome;
}

function jobOf({ releases }: Server) {
  return { artifact: undefined, releases, cut: 0, deployment: '', proven: undefined };
}

function mustBeWell(server: Server, { live }: Story): void {
  expect(server.violations).toEqual([]);
  expect(unfinishedOf(deploymentsOf(server.journal))).toBeUndefined();
  const slot = soleSlot(server.split);
  expect(slot).toBeDefined();
  if (!live || !slot) return;
  expect(['1', '2']).toContain(server.running[slot]);
  expect(server.proven.has(slot)).toBe(true);
  const end = deploymentsOf(server.journal).at(-1)?.end;
  if (end?.live) expect([end.live, end.release]).toEqual([slot, server.running[slot]]);
}
