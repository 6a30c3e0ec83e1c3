import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../support/fleet-client.ts';
import { eventsOf, failureOf, outcomesOf, reaches, tells, wordsOf, type Told } from '../support/fleet-told.ts';
import { heldAfter, heldBefore, hooks, startFleet, touch, type Stand } from '../support/fleet-stand.ts';

const names = ['shop1', 'shop2', 'shop3', 'shop4', 'shop5'];
const others = names.filter((name) => name !== 'shop3');
let stand: Stand;
let alice: Client;
let bob: Client;

beforeAll(async () => {
  stand = await startFleet(names);
  alice = stand.join({ CI: 'true', GITHUB_ACTOR: 'alice' });
  bob = stand.join({ CI: 'true', GITHUB_ACTOR: 'bob' });
  for (const client of [alice, bob])
    client.configure(`servers: [${names.join(', ')}]\n${hooks}\nrollout: { watch: 1s }`);
  await alice.done('setup');
  await alice.done('deploy');
});

afterAll(async () => stand?.stop());

test('of two who deploy at once one is refused, and told who is at it and from where; or waits for its turn', async () => {
  const letGo = await touch(stand.get('shop1'), heldBefore);
  alice.change('1.1.0');
  bob.change('1.2.0');
  const load = await stand.load();
  const first = alice.start('deploy', '--json');
  await reaches(first, 'shop1', 'beforeSwitch');
  const refused = await bob.cutover('deploy', '--json');
  expect(refused.code).toBe(4);
  expect(failureOf(refused)).toMatchObject({
    code: 'LOCKED',
    what: expect.stringMatching(/^shop1: another cutover is at work: deploy by alice@/),
    why: expect.stringMatching(/^alice@\S+, as deploy@shop1 \(process \d+ there\), has held the lock for/),
  });
  const second = bob.start('deploy', '--json', '--wait', '2m');
  await tells(second, 'waiting', ({ type, text }) => type === 'note' && String(text).startsWith('waiting: alice@'));
  await letGo();
  expect(wordsOf(await first.done)).toEqual(names.map((name) => `${name} done 2`));
  expect(wordsOf(await second.done)).toEqual(names.map((name) => `${name} done 3`));
  await load.nothingLost('two deploys, one after the other');
  expect(await stand.versions()).toEqual(all('1.2.0'));
});

test('of two who begin at the same moment exactly one goes on', async () => {
  const letGo = await touch(stand.get('shop1'), heldBefore);
  const both = [alice, bob].map((client) => client.start('deploy', '--json').done);
  const { code } = await Promise.race(both);
  expect(code).toBe(4);
  await letGo();
  expect((await Promise.all(both)).map((ended) => ended.code).toSorted()).toEqual([0, 4]);
  await isWhole();
  await nobodyHoldsALock();
});

test('a CI job that is cancelled puts everything back, and leaves no lock', async () => {
  const before = await stand.versions();
  const letGo = await touch(stand.get('shop3'), heldAfter);
  alice.change('1.3.0');
  const load = await stand.load();
  const running = alice.start('deploy', '--json');
  await othersDone(running);
  running.signal('SIGTERM');
  const ended = await running.done;
  await load.nothingLost('a deploy that was ended by SIGTERM');
  await letGo();
  expect(ended.code, ended.stderr).toBe(130);
  expect(failureOf(ended)).toMatchObject({ code: 'INTERRUPTED', exit: 130 });
  expect(await stand.versions()).toEqual(before);
  await isWhole();
  await nobodyHoldsALock();
});

test('a server that has had its turn and lost its connection since goes back over a new one', async () => {
  const before = await stand.versions();
  const letGo = await touch(stand.get('shop3'), heldAfter);
  alice.change('1.3.1');
  const load = await stand.load();
  const running = alice.start('deploy', '--json');
  await othersDone(running);
  await stand.get('shop1').machine.powerFail();
  running.signal('SIGINT');
  const ended = await running.done;
  await load.nothingLost('a power failure of a server that was done', 'shop1');
  await letGo();
  expect(ended.code, ended.stderr).toBe(130);
  expect(outcomesOf(ended)['shop1']).toMatchObject({ outcome: 'back', failure: null });
  expect(await stand.versions()).toEqual(before);
  await isWhole();
  await nobodyHoldsALock();
});

test('after SIGKILL the next command of somebody else takes over by proof and puts it right', async () => {
  const letGo = await touch(stand.get('shop3'), heldAfter);
  const load = await stand.load();
  const running = alice.start('deploy', '--json');
  await othersDone(running);
  running.signal('SIGKILL');
  await running.done;
  await letGo();
  bob.change('1.4.0');
  const deployed = await bob.done('deploy', '--json', '--wait', '30s');
  await load.nothingLost('a deploy that was ended by SIGKILL, and the next one');
  const events = eventsOf(deployed);
  expect(events.filter(tookOver).map(({ server }) => server)).toEqual(names);
  expect(events.filter(putRight).map(({ server }) => server)).toEqual(['shop3']);
  expect(await stand.versions()).toEqual(all('1.4.0'));
  await isWhole();
  await nobodyHoldsALock();
});

test('a laptop that sleeps for long loses its place to the next, and does no harm when it wakes up', async () => {
  const letGo = await touch(stand.get('shop3'), heldAfter);
  alice.change('1.5.0');
  const load = await stand.load();
  const running = alice.start('deploy', '--json');
  await othersDone(running);
  running.signal('SIGSTOP');
  bob.change('1.6.0');
  const next = bob.start('deploy', '--json', '--wait', '1m');
  await tells(next, 'the end of her lock', tookOver);
  await letGo();
  const deployed = await next.done;
  expect(
    eventsOf(deployed)
      .filter(tookOver)
      .map(({ server }) => server),
  ).toEqual(names);
  const live = outcomesOf(deployed)['shop1']?.release;
  running.signal('SIGCONT');
  const woken = await running.done;
  await load.nothingLost('a laptop that slept');
  expect(woken.code, woken.stderr).toBe(6);
  expect(failureOf(woken)).toMatchObject({
    code: 'CONNECTION_LOST',
    traffic: names.map((name) => `${name} release ${live}`).join(', '),
  });
  expect(await stand.versions()).toEqual(all('1.6.0'));
  await isWhole();
  await nobodyHoldsALock();
});

/** All that can be done until the third server is let go. */
async function othersDone(running: ReturnType<Client['start']>): Promise<void> {
  await reaches(running, 'shop3', 'afterSwitch');
  for (const name of others)
    await tells(running, `the end on ${name}`, ({ type, server }) => type === 'end' && server === name);
}

function tookOver({ type, text }: Told): boolean {
  return type === 'note' && /^took over the lock of deploy by alice@\S+ \(process \d+ is dead\)$/.test(String(text));
}

function putRight({ type, text }: Told): boolean {
  return type === 'note' && /^deploy \d+ by alice@\S+ was interrupted: putting it right$/.test(String(text));
}

function all(version: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, version]));
}

async function isWhole(): Promise<void> {
  const { servers, differences } = await bob.status();
  expect(differences).toEqual([]);
  for (const { name, status } of servers) expect(status, name).toMatchObject({ agreement: true, deployment: null });
}

async function nobodyHoldsALock(): Promise<void> {
  expect((await bob.done('unlock')).stdout).toBe('Nobody holds the lock.\n'.repeat(5));
}
