import { afterEach, expect, test } from 'vitest';
import { startKept } from '../../lab/kept-connections.ts';
import { startFresh } from '../../lab/new-connections.ts';
import { createL4Stand, type L4Stand } from '../support/l4-stand.ts';
import { mustBeDone } from '../support/stand.ts';

const connections = 20;
let stand: L4Stand;

afterEach(async () => stand?.stop());

async function openWith(policy: 'wait' | 'close' | 'cut'): Promise<void> {
  stand = await createL4Stand({ router: `listen: 80\nold_connections: ${policy}`, config: 'drain: 1s\ngrace: 3s\n' });
  mustBeDone(await stand.cutover('deploy'));
}

/** The second deploy, with clients that keep their connections and others that make new ones. */
async function moved() {
  const kept = await startKept({ ...stand.door, connections });
  expect(await kept.ask()).toEqual({ 1: connections });
  const fresh = startFresh({ ...stand.door, at: 5 });
  const deploy = await stand.cutover('deploy');
  mustBeDone(deploy);
  const seen = await kept.ask();
  const { lost, sent, losses } = await fresh.stop();
  console.log(`kept connections after the deploy: ${JSON.stringify(seen)}; new ones: ${lost} of ${sent} lost`);
  expect(losses).toEqual([]);
  return { kept, seen, said: deploy.stderr };
}

test('`wait`: they stay where they are for as long as they like, and are counted when the slot is needed', async () => {
  await openWith('wait');
  const { kept, seen } = await moved();
  expect(seen).toEqual({ 1: connections });
  const counts = Object.values((await stand.status()).slots).map((slot) => slot.connections);
  expect(counts).toEqual([connections, 0]);
  const next = await stand.cutover('deploy');
  mustBeDone(next);
  expect(next.stderr).toContain(`${connections} still open after 1 s; stopping cuts them`);
  expect(await kept.ask()).toEqual({ closed: connections });
  expect(stand.journal().at(-1)).toMatchObject({ kind: 'end', cut: connections });
});

test('`cut`: after the time they are taken away, and the old slot goes on as standby', async () => {
  await openWith('cut');
  const { seen, said } = await moved();
  expect(said).toContain(`${connections} still open after 1 s: cut`);
  expect(seen).toEqual({ reset: connections });
  const status = await stand.status();
  expect(status).toMatchObject({ live: 'green', slots: { blue: { state: 'standby', release: '1' } } });
  expect(stand.journal().at(-1)).toMatchObject({ kind: 'end', cut: connections });
});

test('`close`: the old slot is stopped gracefully, so their clients see an orderly end', async () => {
  await openWith('close');
  const { seen, said } = await moved();
  expect(said).toContain('stopping cuts them');
  expect(seen).toEqual({ closed: connections });
  expect(await stand.status()).toMatchObject({ live: 'green', slots: { blue: { state: 'stopped' } } });
});

test('drained means 0: connections that end by themselves are not cut, and the deploy goes on at once', async () => {
  await openWith('cut');
  const kept = await startKept({ ...stand.door, connections });
  await kept.ask();
  setTimeout(() => kept.close(), 300);
  const deploy = await stand.cutover('deploy');
  mustBeDone(deploy);
  expect(deploy.stderr).toContain('no connection left');
  expect(stand.journal().at(-1)).toMatchObject({ kind: 'end', cut: 0 });
});
