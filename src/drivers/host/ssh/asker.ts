import type { Duplex } from 'node:stream';
import { Failure } from '../../../core/failure.ts';
import type { HttpAnswer, HttpRequest } from '../../../ports.ts';
import { request } from '../request.ts';
import { curl, curlAnswer, curlConfig, curlOrigin } from './curl.ts';
import { addressed, type Mux } from './mux.ts';
import { commandScript } from './script.ts';
import type { Shells } from './shells.ts';

type Ask = (wanted: HttpRequest) => Promise<HttpAnswer>;

/** sshd makes no connections for this user, or we have no way to tell it to. */
class NoWay extends Error {}

/** By a connection that sshd makes; where that is turned off, and where the origin has to be known, by curl there. */
export function askerOf(server: string, mux: Mux, shells: Shells): Ask {
  async function dial(host: string, port: number): Promise<Duplex> {
    const channel = await mux.open('direct-tcpip', ...addressed(host, port));
    if (channel === 'refused') throw refused(host, port);
    if (typeof channel === 'string') throw new NoWay();
    return channel.stream;
  }

  return async (wanted) => {
    if (wanted.traced) return byCurl(server, shells, wanted);
    try {
      return await request(wanted, dial);
    } catch (error) {
      if (error instanceof NoWay) return byCurl(server, shells, wanted);
      throw error;
    }
  };
}

function refused(host: string, port: number): Error {
  return Object.assign(new Error(`nobody answered at ${host}:${port}`), { code: 'ECONNREFUSED' });
}

async function byCurl(server: string, shells: Shells, wanted: HttpRequest): Promise<HttpAnswer> {
  const script = commandScript(curl, { input: curlConfig(wanted) });
  const { code, stdout, stderr } = await shells.alone(script, wanted.timeout + 5000, wanted.signal);
  wanted.signal?.throwIfAborted();
  if (code === 127) throw noWayToAsk(server);
  const answer = curlAnswer(stdout);
  if (answer) return answer;
  const refused = code === 7 ? { code: 'ECONNREFUSED' } : {};
  const from = curlOrigin(stdout);
  throw Object.assign(new Error(stderr.trim() || `curl ended with exit code ${code}`), refused, from ? { from } : {});
}

function noWayToAsk(server: string): Failure {
  return new Failure({
    code: 'CANNOT_ASK',
    what: `requests cannot be made from ${server}`,
    why: 'its sshd forwards nothing for this user, and there is no curl',
    fix: 'set `AllowTcpForwarding local` in its sshd_config, or `apt install curl`',
  });
}
