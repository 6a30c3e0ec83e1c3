import path from 'node:path';
import { exitCodes, Failure } from '../../core/failure.ts';
import type { Host } from '../../ports.ts';

/** One context of the engine's own command (`docker context inspect`). */
interface Context {
  readonly Name: string;
  readonly Endpoints: { readonly docker?: { readonly Host?: string; readonly SkipTLSVerify?: boolean } };
  readonly TLSMaterial?: Readonly<Record<string, readonly string[]>> | null;
}

/**
 * Address of the engine; undefined: the local socket. Whoever reaches an engine's TCP port is root of its
 * machine, on loopback too, unless both sides prove who they are: rejects then. The variable is looked at
 * first, because it stands above any context.
 */
export async function privateAddress(host: Host): Promise<string | undefined> {
  const { DOCKER_HOST: named = '', DOCKER_TLS_VERIFY: verified = '' } = await environmentOn(host);
  if (named !== '') {
    if (isTcp(named) && verified === '') throw openSocket(`DOCKER_HOST is ${named}`);
    return named;
  }
  if (!(await namesContext(host))) return undefined;
  const { code, stdout } = await host.run(['docker', 'context', 'inspect', '--format', '{{json .}}']);
  if (code !== 0) return undefined;
  const { Name, Endpoints, TLSMaterial } = JSON.parse(stdout) as Context;
  const { Host: address = '', SkipTLSVerify: unverified = false } = Endpoints.docker ?? {};
  const proven = !unverified && TLSMaterial?.['docker'] !== undefined;
  if (isTcp(address) && !proven) throw openSocket(`the context ${Name} is ${address}`);
  return address;
}

/** The engine's command goes by what it finds where it runs. */
async function environmentOn(host: Host): Promise<Readonly<Record<string, string | undefined>>> {
  if (!host.me.remote) return process.env;
  const { stdout } = await host.run(['env']);
  return Object.fromEntries(stdout.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
}

/** Without one it is the local socket, and there is no need to ask. */
async function namesContext(host: Host): Promise<boolean> {
  const { DOCKER_CONTEXT: named = '', DOCKER_CONFIG: folder = path.join(host.me.home, '.docker') } =
    await environmentOn(host);
  const file = await host.read(path.join(folder, 'config.json')).catch(() => undefined);
  return named !== '' || (file ?? '').includes('"currentContext"');
}

export function isOverSsh(address = ''): boolean {
  return /^ssh:/i.test(address);
}

function isTcp(address: string): boolean {
  return /^(tcp|http|https):/i.test(address);
}

function openSocket(where: string): Failure {
  return new Failure({
    code: 'DOCKER_OPEN_SOCKET',
    exit: exitCodes.configuration,
    what: 'the engine is named by a TCP port without TLS, so nothing was asked of it',
    why: `${where}; whoever reaches that port is root of its machine`,
    fix: '`DOCKER_HOST=ssh://USER@HOST`, or TLS that proves both sides (`DOCKER_TLS_VERIFY=1`)',
  });
}
