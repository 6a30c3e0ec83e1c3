import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freePorts } from '../../lab/free-port.ts';
import type { Slot } from '../../src/core/slot.ts';
import type { Contender, Ports } from './contender.ts';
import { ensureFromGo } from './packages.ts';
import { startProgram, workDirectory } from './program.ts';

const run = promisify(execFile);

/** `kamal-proxy deploy` probes the target, switches and drains before it returns. */
export async function startKamal(ports: Ports): Promise<Contender> {
  const kamal = await ensureFromGo('github.com/basecamp/kamal-proxy/cmd/kamal-proxy', 'kamal-proxy');
  const dir = workDirectory('kamal');
  const [http = 0, https = 0] = await freePorts(2);
  const url = `http://127.0.0.1:${http}`;
  const env = {
    ...process.env,
    HOME: dir,
    XDG_CONFIG_HOME: dir,
    XDG_DATA_HOME: dir,
    XDG_STATE_HOME: dir,
    XDG_RUNTIME_DIR: dir,
  };
  const deploy = async (slot: Slot): Promise<void> => {
    await run(kamal, ['deploy', 'shop', '--target', `127.0.0.1:${ports[slot]}`, '--health-check-path', '/'], { env });
  };
  // It answers 404 until the first deploy, so its start is awaited at that.
  const starting = startProgram([kamal, 'run', '--http-port', String(http), '--https-port', String(https)], dir, url);
  const [program] = await Promise.all([starting, deployWhenUp(() => deploy('blue'))]);
  return { ...program, name: 'kamal-proxy', how: '`kamal-proxy deploy --target`', url, switchTo: deploy };
}

async function deployWhenUp(deploy: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await deploy();
    } catch (error) {
      if (tries === 50) throw error;
      await new Promise((go) => setTimeout(go, 100));
    }
  }
}
