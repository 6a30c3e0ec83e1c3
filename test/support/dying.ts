/*
 * A deploy whose new application is killed (SIGKILL) the moment that traffic was sent to it.
 * usage: dying.ts CONFIG
 */
import { measured } from '../../src/artifact/digest.ts';
import { compose } from '../../src/cli/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import { deploy } from '../../src/core/deploy.ts';
import { localHost } from '../../src/drivers/host/local.ts';
import { asFailure } from '../../src/core/failure.ts';
import { soleSlot, type Split } from '../../src/core/split.ts';

const [file = ''] = process.argv.slice(2);
const config = await loadConfig({ file, cwd: process.cwd(), env: process.env });
const world = await compose(localHost(), config, () => {});
let killed = false;

async function writeAndKill(split: Split): Promise<void> {
  await world.router.write(split);
  const { pid } = await world.runtime.inspect(soleSlot(split) ?? 'blue', 'alive');
  if (!killed && pid) process.kill(pid, 'SIGKILL');
  killed = true;
}

try {
  const options = { command: 'deploy', wait: 0, signal: new AbortController().signal };
  const words = { message: undefined, notReversible: undefined };
  const dying = { ...world, router: { ...world.router, write: writeAndKill } };
  await deploy(dying, await measured(config.artifact), { ...options, ...words });
} catch (error) {
  const failure = asFailure(error);
  console.error(JSON.stringify(failure.fields));
  process.exitCode = failure.exit;
}
