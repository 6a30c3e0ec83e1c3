import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { slotOfFlow } from '../../src/drivers/router/l4/flows.ts';
import { helperText } from '../../src/drivers/router/l4/helper.ts';
import { membersOf, placeOf, publicPlaces, shownPlace, slotAt } from '../../src/drivers/router/l4/places.ts';
import { splitIn } from '../../src/drivers/router/l4/rules.ts';

const config = (router: string) =>
  parseConfig('/srv/cutover.yaml', `app: my-shop\nartifact: .\nrun: x\nrouter: { mode: l4, ${router} }\n`);
const pools = 'pools: { blue: ["10.0.0.11:8081", "[fd00::11]:8081"], green: ["10.0.0.11:8082", "[fd00::11]:8082"] }';

describe('places', () => {
  it.each([
    ['80', { family: 'any', address: '*', port: 80 }],
    ['*:80', { family: 'any', address: '*', port: 80 }],
    ['10.0.0.1:8080', { family: '4', address: '10.0.0.1', port: 8080 }],
    ['[fd00::1]:443', { family: '6', address: 'fd00::1', port: 443 }],
  ])('%s is read', (written, place) => {
    expect(placeOf(written)).toEqual(place);
  });

  it('are shown as they were written', () => {
    for (const written of ['10.0.0.1:8080', '[fd00::1]:443']) expect(shownPlace(placeOf(written))).toBe(written);
  });

  it('tell the slot of a member, however its address is written', () => {
    const given = config(pools);
    expect(membersOf(given, 'blue').map(shownPlace)).toEqual(['10.0.0.11:8081', '[fd00::11]:8081']);
    expect(slotAt(given, { address: '10.0.0.11', port: 8082 })).toBe('green');
    expect(slotAt(given, { address: 'fd00:0:0::11', port: 8081 })).toBe('blue');
    expect(slotAt(given, { address: '10.0.0.12', port: 8081 })).toBeUndefined();
    expect(publicPlaces(given)).toEqual([{ family: 'any', address: '*', port: 80 }]);
  });
});

describe('the slot that a connection was led to', () => {
  const flow = (asked: string, door: number, by: string, port: number) =>
    `tcp      6 119 TIME_WAIT src=${asked} dst=${asked} sport=40000 dport=${door} src=${by} dst=${asked} sport=${port} dport=40000 [ASSURED] mark=0 use=1\n`;
  const [ours, led] = ['10.9.1.1', flow('10.9.1.1', 80, '10.9.1.1', 8081)];

  it.each([
    ['one flow', led, 'blue'],
    ['IPv6', flow('fd09:1::1', 80, 'fd09:1::1', 8082), 'green'],
    ['beside a request that went straight to a slot', flow(ours, 8082, ours, 8082) + led, 'blue'],
    ['beside a request to somebody else', flow('10.9.1.7', 80, '10.9.1.7', 80) + led, 'blue'],
    ['only straight to a slot', flow(ours, 8082, ours, 8082), undefined],
    ['to both, through two addresses', led + flow('10.9.1.2', 80, '10.9.1.2', 8082), undefined],
    ['nothing is known', '', undefined],
    ['words that tell nothing', 'udp 17 29 [UNREPLIED]\n', undefined],
  ])('%s', (_, listing, slot) => {
    expect(slotOfFlow(config('listen: 80'), listing)).toBe(slot);
  });

  it('a member elsewhere, with the same port as the public address', () => {
    const given = config('pools: { blue: ["10.0.0.11:80"], green: ["10.0.0.12:80"] }');
    const straight = flow('10.0.0.12', 80, '10.0.0.12', 80);
    expect(slotOfFlow(given, straight + flow(ours, 80, '10.0.0.11', 80))).toBe('blue');
  });
});

describe('a configuration of l4', () => {
  it('can be one word', () => {
    const { router } = parseConfig('/srv/cutover.yaml', 'app: shop\nartifact: a.jar\nrouter: l4\n');
    expect(router).toMatchObject({ mode: 'l4', listen: ['80'], l4: { protocol: 'tcp', rules: '/etc/cutover/shop' } });
  });

  it('reaches the shell of the program quoted, and nothing of it can break out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 40 }), async (hostile) => {
        const given = config(pools);
        const l4 = { ...given.router.l4, rules: `/tmp/${hostile.replaceAll('\0', '')}` };
        const text = await helperText({ ...given, router: { ...given.router, l4 } });
        const head = text.slice(0, text.indexOf('\n# The one program'));
        const shown = execFileSync('sh', ['-c', `${head}\nprintf %s "$folder"`], { encoding: 'utf8' });
        expect(shown).toBe(l4.rules);
      }),
      { numRuns: 30 },
    );
  });

  it.each(['blue;reboot', '100 reboot', '-1', '101', '1e1', '$(id)', ''])(
    'a split of %j is refused by the program',
    async (percent) => {
      const text = (await helperText(config(pools))).replace(/^folder=.*$/m, 'folder=/tmp');
      expect(() => execFileSync('sh', ['-s', 'split', percent], { input: text, stdio: 'pipe' })).toThrow(
        /not a number|too large/,
      );
    },
  );
});

describe('the split in the rules', () => {
  const chains = ['prerouting', 'output', 'balance', 'blue', 'green'];
  const listing = (elements: unknown, left: readonly string[] = chains) =>
    JSON.stringify({
      nftables: [
        { map: { name: 'slots', elem: elements } },
        ...chains.map((name) => ({
          chain: { name, ...(['prerouting', 'output'].includes(name) ? { hook: name } : {}) },
        })),
        ...left.map((chain) => ({ rule: { chain } })),
      ],
    });
  const to = (target: string) => ({ goto: { target } });

  it.each([
    [[[{ range: [0, 99] }, to('blue')]], { blue: 100, green: 0 }],
    [
      [
        [0, to('green')],
        [{ range: [1, 99] }, to('blue')],
      ],
      { blue: 99, green: 1 },
    ],
    [
      [
        [{ range: [0, 98] }, to('green')],
        [99, to('blue')],
      ],
      { blue: 1, green: 99 },
    ],
  ])('%j is read', (elements, split) => {
    expect(splitIn(listing(elements))).toEqual(split);
  });

  it("is nobody's when the map has holes, or a chain lost its rule", () => {
    expect(splitIn(listing([[{ range: [0, 49] }, to('blue')]]))).toBeUndefined();
    expect(splitIn(listing(undefined))).toBeUndefined();
    for (const lost of chains)
      expect(
        splitIn(
          listing(
            [[{ range: [0, 99] }, to('blue')]],
            chains.filter((name) => name !== lost),
          ),
        ),
      ).toBeUndefined();
  });
});
