import { startCaddy } from './caddy.ts';
import type { Contender, Ports, StartContender } from './contender.ts';
import { startCutover } from './cutover.ts';
import { startHaproxy } from './haproxy.ts';
import { startKamal } from './kamal.ts';
import { startReload } from './reload.ts';
import { startTraefik } from './traefik.ts';

export interface Field {
  readonly contenders: readonly Contender[];
  /** Who could not be had here, and why. */
  readonly absent: readonly string[];
}

const always: Readonly<Record<string, StartContender>> = { cutover: startCutover, 'reload script': startReload };
const peers: Readonly<Record<string, StartContender>> = {
  HAProxy: startHaproxy,
  'kamal-proxy': startKamal,
  Traefik: startTraefik,
  Caddy: startCaddy,
};

/** Starts all of them, or only cutover and the reload script; each with all traffic on blue. */
export async function startField(ports: Ports, short: boolean): Promise<Field> {
  const contenders: Contender[] = [];
  const absent: string[] = [];
  for (const start of Object.values(always)) contenders.push(await start(ports));
  for (const [name, start] of Object.entries(short ? {} : peers)) {
    try {
      contenders.push(await start(ports));
    } catch (error) {
      absent.push(`${name}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`);
    }
  }
  return { contenders, absent };
}
