// npm run quickstart: a whole cutover on this machine, under load, in about a minute. It leaves nothing running.
import { humanDuration } from '../src/lib/duration.ts';
import { endLeftovers } from './cleanup.ts';
import { prepare } from './quickstart-prepare.ts';
import { createReport } from './quickstart-report.ts';
import { createStage, endAbandoned, Stopped, type Stage } from './quickstart-stage.ts';
import { startTraffic, type Traffic } from './quickstart-traffic.ts';
import { say, title } from './quickstart-say.ts';

const began = Date.now();
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => stop.signal.aborted || stop.abort(signal));

process.exitCode = await main().catch((error: unknown) => {
  if (stop.signal.aborted) return 130;
  console.error(error instanceof Error && !process.env['DEBUG'] ? `\n✗ ${error.message}` : error);
  return 1;
});

async function main(): Promise<number> {
  title('cutover: a real nginx, a real Spring Boot jar, and a client that forgives nothing');
  await endLeftovers();
  const parts = await prepare(stop.signal);
  await endAbandoned();
  const stage = await createStage(parts, stop.signal);
  let traffic: Traffic | undefined;
  try {
    const patience = await firstDeploy(stage);
    say(`\nFrom here on ${parts.connections} keep-alive connections send GET and POST without a pause,`);
    say(`and ${parts.sockets} WebSockets talk. Nothing is ever sent twice, and every answer is checked.`);
    traffic = await startTraffic(stage, parts);
    const report = await underLoad(stage, traffic, patience);
    await stage.cutover(0, 'history');
    await stage.close();
    return report.print(Date.now() - began);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    say(`\n${error.message}: putting everything away`);
    return 130;
  } finally {
    await traffic?.stop().catch(() => undefined);
    await stage.close();
  }
}

/** Answers how many seconds a release that never becomes healthy is given: some more than this start took. */
async function firstDeploy(stage: Stage): Promise<number> {
  say('The whole configuration. All but the first two lines only keep this demonstration off your own nginx:');
  stage.show();
  await stage.cutover(0, 'setup');
  const start = Date.now();
  await stage.cutover(0, 'deploy', 'shop-1.0.jar', '-m', 'the first release');
  return Math.max(8, Math.ceil((Date.now() - start) / 800));
}

async function underLoad(stage: Stage, traffic: Traffic, patience: number): Promise<ReturnType<typeof createReport>> {
  await traffic.phase('deploy 2.0', () => stage.cutover(0, 'deploy', 'shop-2.0.jar', '-m', 'new prices'));
  await traffic.phase('rollback to 1.0', () => stage.cutover(0, 'rollback', '-m', 'wrong prices'));
  const sockets = await traffic.stopSockets();
  say(`\nNext a release that starts but never becomes healthy. It gets ${patience} seconds.`);
  stage.configure(`${patience}s`);
  await traffic.phase('deploy 2.1, broken', () => stage.cutover(5, 'deploy', 'shop-2.1.jar', '-m', 'a bad day'));
  say('\nExit code 5: it failed, and the traffic is safe where it was. Then the mended one:');
  stage.configure('100s');
  await traffic.phase('deploy 2.2', () => stage.cutover(0, 'deploy', 'shop-2.2.jar', '-m', 'right prices'));
  await stage.cutover(0, 'status');
  return createReport(await traffic.stop(), sockets, humanDuration);
}
