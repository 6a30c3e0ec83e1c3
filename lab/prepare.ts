import { endLeftovers } from './cleanup.ts';
import { ensureDocker } from './docker.ts';
import {
  ensureCurrentNginx,
  ensureH2load,
  ensureJava,
  ensureNginx,
  ensureNode24,
  ensureOpenssl,
  ensureWrk,
} from './components.ts';
import { ensureKernelTools } from './hosts.ts';
import { springBootJar } from './jars.ts';

/** Everything the tests need beside Node, installed if it may be, before the first test's clock runs. */
const installed: readonly (() => Promise<unknown>)[] = [
  ensureNginx,
  ensureJava,
  ensureWrk,
  ensureH2load,
  ensureOpenssl,
  ensureDocker,
  ensureKernelTools,
];
/** What is fetched or built, each for itself. */
const made: readonly (() => Promise<unknown>)[] = [ensureCurrentNginx, ensureNode24, springBootJar];

for (const { pid } of await endLeftovers()) console.error(`ended process ${pid}, which an earlier run had left`);
for (const ensure of installed) await attempt(ensure);
await Promise.all(made.map(attempt));

async function attempt(ensure: () => Promise<unknown>): Promise<void> {
  try {
    await ensure();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
