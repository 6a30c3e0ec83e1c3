import { execFile, spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ensureProgram } from './apt.ts';
import { end, remember } from './cleanup.ts';

/** A host with addresses and a firewall of its own: a network namespace that lives as long as one process. */
export interface NetHost {
  /** Words that run an argument list there. */
  enter(argv: readonly string[]): readonly [string, ...string[]];
  /** Runs one to its end; rejects with what it said. */
  exec(...argv: readonly string[]): Promise<string>;
  readonly pid: number;
  stop(): Promise<void>;
}

const run = promisify(execFile);

export async function ensureKernelTools(): Promise<void> {
  await ensureProgram('ip', 'iproute2');
  await ensureProgram('nft', 'nftables');
  await ensureProgram('conntrack', 'conntrack');
}

/** Only from a network namespace that is nobody else's (`node lab/netns.mjs …`): it is the other end of the wires. */
export async function startHost(): Promise<NetHost> {
  if (process.env['CUTOVER_LAB_NETNS'] !== '1')
    throw new Error('hosts need a network namespace of their own: node lab/netns.mjs npx vitest run FILE');
  await ensureKernelTools();
  const child = spawn('unshare', ['--net', 'sleep', '7200'], { stdio: 'ignore', detached: true });
  const pid = child.pid ?? 0;
  const started = remember(pid);
  const namespace = (of: string | number) => readlinkSync(`/proc/${of}/ns/net`);
  for (let tries = 0; namespace(pid) === namespace('self') && tries < 500; tries += 1) await sleep(5);
  const enter: NetHost['enter'] = (argv) => ['nsenter', `--net=/proc/${pid}/ns/net`, '--', ...argv];
  const host: NetHost = {
    pid,
    enter,
    exec: async (...argv) => {
      const [program, ...words] = enter(argv);
      return (await run(program, words, { maxBuffer: 64 << 20 })).stdout;
    },
    stop: () => end(started, 1000),
  };
  await host.exec('ip', 'link', 'set', 'lo', 'up');
  return host;
}

export interface End {
  /** Undefined: the namespace of the caller. */
  host: NetHost | undefined;
  name: string;
  /** `10.9.1.1/24`, `fd09:1::1/64`. */
  addresses: readonly string[];
}

/** A cable between two hosts. */
export async function wire(a: End, b: End): Promise<void> {
  await run('ip', ['link', 'add', a.name, ...there(a), 'type', 'veth', 'peer', 'name', b.name, ...there(b)]);
  for (const { host, name, addresses } of [a, b]) {
    const ip = (...words: string[]) => (host ? host.exec('ip', ...words) : run('ip', words));
    await ip('link', 'set', name, 'up');
    for (const address of addresses)
      await ip('address', 'add', address, 'dev', name, ...(address.includes(':') ? ['nodad'] : []));
  }
}

function there({ host }: End): readonly string[] {
  return host ? ['netns', String(host.pid)] : [];
}
