import type { Config } from '../../../config/config.ts';
import { Failure } from '../../../core/failure.ts';
import type { Slot } from '../../../core/slot.ts';
import { sameSplit, soleSlot, type Split } from '../../../core/split.ts';
import type { FrontDoorAnswer, Host, HttpAnswer, Router } from '../../../ports.ts';
import { publicUrl } from './address.ts';
import { slotOfFlow } from './flows.ts';
import { callHelper, helperFile, succeeded, tryHelper } from './helper.ts';
import { installL4 } from './install.ts';
import { splitIn } from './rules.ts';

type From = NonNullable<HttpAnswer['from']>;

const timeout = 5000;
const noTable = 65;
const nobody: Split = { blue: 0, green: 0 };

/**
 * `l4`: the kernel looks at the first packet of each connection and leads it, and all that follow, to
 * a slot. A switch is one transaction on one map of nftables. Nothing is in the way of the packets.
 */
export default function l4Router(host: Host, config: Config): Router {
  const { protocol } = config.router.l4;

  /** Where the rules are gone, or not whole any more, nobody gets the traffic. */
  async function read(): Promise<Split> {
    const result = await tryHelper(host, config, 'show');
    if (result.code === noTable) return nobody;
    return splitIn(succeeded(config, ['show'], result)) ?? nobody;
  }

  async function write(split: Split): Promise<void> {
    const percent = String(split.green);
    const done = splitIn(await callHelper(host, config, 'split', percent));
    if (done && sameSplit(done, split)) return;
    await callHelper(host, config, 'restore');
  }

  /** Which slot it was led to is asked of the kernel, which remembers each connection. */
  async function ask(signal?: AbortSignal): Promise<FrontDoorAnswer> {
    const url = `${await publicUrl(host, config)}${config.health.path ?? '/'}`;
    const setUp = (await host.read(helperFile(config))) !== undefined;
    const split = setUp ? await read() : nobody;
    const ruled = soleSlot(split);
    if (sameSplit(split, nobody))
      return {
        slot: undefined,
        status: undefined,
        answered: false,
        detail: `${url}: ${setUp ? 'its rules are gone' : 'not set up yet'}`,
      };
    if (protocol === 'udp')
      return { slot: ruled, status: undefined, answered: true, detail: `the kernel leads UDP to ${ruled ?? 'both'}` };
    const { status, from, words } = await asked(host, url, signal);
    const slot = from === undefined ? ruled : await ledTo(from);
    return {
      slot,
      status,
      answered: from !== undefined,
      detail: `${url} ${words}${slot && from ? ` from ${slot}` : ''}`,
    };
  }

  async function ledTo({ address: source, port }: From): Promise<Slot | undefined> {
    return slotOfFlow(config, await callHelper(host, config, 'flow', source, String(port)));
  }

  return {
    name: `l4 (nftables, ${protocol})`,
    granularity: 1,
    read,
    write,
    ask,
    connections: async (slot, end) => ({ open: sum(await callHelper(host, config, end ?? 'count', slot)) }),
    install: (deployer) => installL4(host, config, deployer),
  };
}

function sum(text: string): number {
  return text.split('\n').reduce((total, line) => total + Number(line), 0);
}

/** One public request. `from`: the port it came from, unless no connection was made. */
async function asked(
  host: Host,
  url: string,
  signal: AbortSignal | undefined,
): Promise<{ status: number | undefined; from: From | undefined; words: string }> {
  try {
    const answer = await host.request({ url, timeout, traced: true, ...(signal ? { signal } : {}) });
    return { status: answer.status, from: answer.from, words: `answered ${answer.status}` };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Failure) throw error;
    const from = error instanceof Error && 'from' in error ? (error.from as From) : undefined;
    const words = refusedHint(error) ?? (error instanceof Error ? error.message : String(error));
    // What took the connection and speaks no HTTP has answered, too.
    const spoke = error instanceof Error && 'code' in error && String(error.code).startsWith('HPE_');
    return { status: undefined, from: spoke ? from : undefined, words: spoke ? 'answered' : words };
  }
}

/** The rules lead to the public address itself, where a program that listens on 127.0.0.1 does not hear. */
function refusedHint(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED')) return undefined;
  return `${error.message}: nothing runs there, or it listens on 127.0.0.1 alone`;
}
