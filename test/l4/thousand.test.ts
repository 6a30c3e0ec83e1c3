import { afterAll, beforeAll, expect, test } from 'vitest';
import { monotonic } from '../../lab/clock.ts';
import { startFresh } from '../../lab/new-connections.ts';
import { otherSlot, type Slot } from '../../src/core/slot.ts';
import { createL4Stand, type L4Stand } from '../support/l4-stand.ts';
import { mustBeDone } from '../support/stand.ts';

let stand: L4Stand;

beforeAll(async () => {
  stand = await createL4Stand({ config: 'drain: 2s\ngrace: 3s\n' });
  for (const _ of ['blue', 'green']) mustBeDone(await stand.cutover('deploy'));
});

afterAll(async () => stand?.stop());

test('a thousand switches under load with new connections: none lost, and none late', async () => {
  const client = startFresh({ ...stand.door, at: 8, pause: 0 });
  const moves: { to: string; began: number; done: number }[] = [];
  const { live, slots } = await stand.status();
  let slot: Slot = live ?? 'blue';
  for (let round = 0; round < 1000; round += 1) {
    slot = otherSlot(slot);
    const began = monotonic();
    await stand.server.exec(`${stand.rules}/switch`, 'split', slot === 'green' ? '100' : '0');
    moves.push({ to: slots[slot].release ?? '', began, done: monotonic() });
  }
  const { sent, lost, losses, answers } = await client.stop();
  const late = answers.filter(({ sent: at, release }) => {
    const index = moves.findLastIndex(({ done }) => done < at);
    const [move, next] = [moves[index], moves[index + 1]];
    return move !== undefined && at < (next?.began ?? Infinity) && release !== move.to;
  });
  const times = moves.map(({ began, done }) => done - began).toSorted((a, b) => a - b);
  console.log(
    `l4: 1,000 switches, ${lost} of ${sent} requests lost, ${late.length} late; a switch took ${times[500]?.toFixed(1)} ms (${times.at(-1)?.toFixed(1)})`,
  );
  expect(losses).toEqual([]);
  expect(late).toEqual([]);
  expect(sent).toBeGreaterThan(5000);
});
