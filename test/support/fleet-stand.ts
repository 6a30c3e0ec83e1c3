import { allEnded } from '../../lab/all-ended.ts';
import { startServers, type Server } from '../../lab/servers.ts';
import { request } from '../../src/drivers/host/request.ts';
import { host, makeClient, type Client } from './fleet-client.ts';
import { loadOn, type FleetLoad } from './fleet-load.ts';

/** Several servers over ssh, and people who deploy to them. */
export interface Stand {
  /** Who deploys first. */
  readonly client: Client;
  get(name: string): Server;
  /** Somebody else, at another machine. */
  join(variables?: Readonly<Record<string, string>>): Client;
  /** Starts the public of every server. */
  load(): Promise<FleetLoad>;
  /** Which version answers the public on each. */
  versions(): Promise<Readonly<Record<string, string>>>;
  /** Standard output of a command of root, on each server. */
  say(...argv: string[]): Promise<Readonly<Record<string, string>>>;
  stop(): Promise<void>;
}

/**
 * A file on one server makes the new release fail there, or holds its turn up before or after the
 * switch, for as long as it lies there.
 */
export const broken = '/var/tmp/broken';
export const heldBefore = '/var/tmp/held-before';
export const heldAfter = '/var/tmp/held-after';
export const hooks = `hooks:
  before_start: { run: 'test ! -e ${broken} || { echo the database is gone; exit 1; }', shell: true }
  before_switch: { run: 'while [ -e ${heldBefore} ]; do sleep 0.05; done', shell: true }
  after_switch: { run: 'while [ -e ${heldAfter} ]; do sleep 0.05; done', shell: true }`;

export async function startFleet(names: readonly string[]): Promise<Stand> {
  const servers = await startServers(names);
  const clients: Client[] = [];
  const join = (variables?: Readonly<Record<string, string>>): Client => {
    const client = makeClient({ ...servers.env, ...variables });
    clients.push(client);
    return client;
  };
  const onEach = async (ask: (server: Server) => Promise<string>) =>
    Object.fromEntries(await Promise.all(servers.all.map(async (one) => [one.name, await ask(one)] as const)));
  return {
    client: join(),
    get: servers.get,
    join,
    load: () => loadOn(servers.all),
    versions: () => onEach(versionOn),
    say: (...argv) => onEach(async ({ machine }) => (await machine.exec(argv)).stdout.trim()),
    async stop() {
      try {
        await allEnded(clients.map((client) => client.remove()));
      } finally {
        await servers.stop();
      }
    },
  };
}

export async function touch({ machine }: Server, file: string): Promise<() => Promise<void>> {
  await machine.exec(['touch', file]);
  return async () => void (await machine.exec(['rm', '-f', file]));
}

async function versionOn({ url }: Server): Promise<string> {
  const { status, body } = await request({ url: `${url}/version`, headers: { host }, timeout: 10_000 });
  return status === 200 ? (JSON.parse(body) as { version: string }).version : String(status);
}
