import type { Split } from '../../../core/split.ts';

/** As `nft --json list table` tells it (libnftables-json(5)), as far as we ask. */
interface Listing {
  readonly nftables: readonly {
    readonly map?: { readonly name: string; readonly elem?: readonly (readonly [Key, Verdict])[] };
    readonly chain?: { readonly name: string; readonly hook?: string };
    readonly rule?: { readonly chain: string };
  }[];
}

type Key = number | { readonly range: readonly [number, number] };

interface Verdict {
  readonly goto?: { readonly target: string };
}

/** Chains that nothing gets through without, and the hook of the kernel that leads to them. */
const chains: Readonly<Record<string, string | undefined>> = {
  prerouting: 'prerouting',
  output: 'output',
  balance: undefined,
  blue: undefined,
  green: undefined,
};

/** Percent per slot, by the rules in force; undefined when they are not whole: then nobody is sent anywhere. */
export function splitIn(listing: string): Split | undefined {
  const { nftables } = JSON.parse(listing) as Listing;
  const whole = Object.entries(chains).every(
    ([name, hook]) =>
      nftables.some(({ chain }) => chain?.name === name && chain.hook === hook) &&
      nftables.some(({ rule }) => rule?.chain === name),
  );
  const elements = nftables.find(({ map }) => map?.name === 'slots')?.map?.elem ?? [];
  const share = (slot: string) =>
    elements.reduce((sum, [key, verdict]) => sum + (verdict.goto?.target === slot ? width(key) : 0), 0);
  const split = { blue: share('blue'), green: share('green') };
  return whole && split.blue + split.green === 100 ? split : undefined;
}

function width(key: Key): number {
  return typeof key === 'number' ? 1 : key.range[1] - key.range[0] + 1;
}
