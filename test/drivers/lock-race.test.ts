import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { bundled } from '../../lab/bundle.ts';
import { temporary } from '../support/folders.ts';
import type { Order, Told } from '../support/racer.ts';

const racers = 8;
const rounds = 20;

it(`of ${racers} processes that race for the lock, exactly one wins each of ${rounds} rounds`, async () => {
  const all = await started(await temporary(), racers);
  for (let round = 0; round < rounds; round++) {
    const told = await Promise.all(all.map((racer) => tell(racer, { do: 'take' })));
    expect(told.map((one) => 'problem' in one && one.problem).filter(Boolean)).toEqual([]);
    expect(winnersOf(told)).toHaveLength(1);
    for (const winner of winnersOf(told)) await tell(all[winner], { do: 'let-go' });
  }
}, 60_000);

it(`of ${racers} processes that find a dead owner, exactly one takes over, ${rounds} times`, async () => {
  const all = await started(await temporary(), racers + rounds);
  for (let round = 0; round < rounds; round++) {
    const told = await Promise.all(all.map((racer) => tell(racer, { do: 'take' })));
    const [winner = -1, ...others] = winnersOf(told);
    expect(others).toEqual([]);
    expect(winner).not.toBe(-1);
    await die(...all.splice(winner, 1));
  }
}, 120_000);

it('two never hold it at once, however fast it goes from hand to hand', async () => {
  const all = await started(await temporary(), racers);
  const told = await Promise.all(all.map((racer) => tell(racer, { do: 'hammer', time: 4000 })));
  const sum = (name: 'held' | 'clashes') => told.reduce((total, one) => total + ('held' in one ? one[name] : 0), 0);
  console.log(`the lock went ${sum('held')} times from hand to hand, ${sum('clashes')} clashes`);
  expect(sum('held')).toBeGreaterThan(20);
  expect(sum('clashes')).toBe(0);
}, 60_000);

async function started(state: string, count: number): Promise<ChildProcess[]> {
  const script = await bundled('test/support/racer.ts');
  const all = Array.from({ length: count }, () => fork(script, [state], { execArgv: [] }));
  onTestFinished(async () => {
    await die(...all.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null));
  });
  await Promise.all(all.map((racer) => once(racer, 'message')));
  return all;
}

async function tell(racer: ChildProcess | undefined, order: Order): Promise<Told> {
  if (!racer) throw new Error('no such racer');
  racer.send(order);
  const [told] = (await once(racer, 'message')) as [Told];
  return told;
}

function winnersOf(told: readonly Told[]): readonly number[] {
  return told.flatMap((one, index) => ('won' in one && one.won ? [index] : []));
}

async function die(...doomed: readonly ChildProcess[]): Promise<void> {
  const gone = doomed.map((racer) => once(racer, 'exit'));
  doomed.forEach((racer) => racer.kill('SIGKILL'));
  await Promise.all(gone);
}
