import path from 'node:path';
import type { Host } from '../../../ports.ts';

/** The secret part of the path that only cutover asks; made by `setup`, readable by the deployer. */
export async function frontDoorToken(host: Host, state: string): Promise<string | undefined> {
  return (await host.read(tokenFile(state)))?.trim();
}

export function tokenFile(state: string): string {
  return path.join(state, 'front-door-token');
}

export async function newToken(): Promise<string> {
  const { randomBytes } = await import('node:crypto');
  return randomBytes(16).toString('hex');
}
