// Section e, in a network namespace of its own: prints `{ text, lost }` on standard output, how it goes on standard error.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endLeftovers } from '../lab/cleanup.ts';
import { type Engine, startEngine } from '../lab/docker.ts';
import { importNode } from '../lab/images.ts';
import { root } from '../lab/paths.ts';
import { takeTurn, type Turn } from './container-rounds.ts';
import { describeContainers } from './container-table.ts';
import { cutoverContainers } from './contenders/deploy-cutover.ts';
import { drainedRollout, rollout } from './contenders/deploy-rollout.ts';
import { composeScript } from './contenders/deploy-script.ts';
import { shuffled } from './stats.ts';

const rounds = 2;
const kinds = [cutoverContainers, composeScript, rollout, drainedRollout];

await endLeftovers();
const engine = await startEngine();
// It never outlives the one who asked, and neither do its containers: they would outlive the engine.
const giveUp = (): void => void engine.stop().finally(() => process.exit(1));
process.stdin.once('end', giveUp).resume();
process.once('SIGINT', giveUp).once('SIGTERM', giveUp);
Object.assign(process.env, engine.env);
try {
  await importNode(engine);
  for (const version of ['1', '2']) await build(engine, version);
  const section = describeContainers(kinds, await measure());
  await new Promise((written) => process.stdout.write(JSON.stringify(section), written));
} finally {
  await engine.stop();
}
process.exit();

async function measure(): Promise<Turn[]> {
  const turns: Turn[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const kind of shuffled(kinds)) {
      const turn = await takeTurn(kind);
      turns.push(turn);
      console.error(`  ${kind.name}: ${turn.report.sent} requests, ${turn.report.lost} lost`);
    }
    console.error(`round ${round} of ${rounds} done`);
  }
  return turns;
}

/** The Node sample as an image: two versions of it, so that a deploy brings other bytes. */
async function build({ dir, docker }: Engine, version: string): Promise<void> {
  const folder = join(dir, 'build', version);
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, 'examples', 'node'), folder, { recursive: true });
  const lines = [
    'FROM node:lab',
    'WORKDIR /app',
    'COPY package.json *.js ./',
    `ENV HOST=0.0.0.0 PORT=8080 APP_VERSION=${version}`,
    'EXPOSE 8080',
    'CMD ["node", "server.js"]',
  ];
  writeFileSync(join(folder, 'Dockerfile'), lines.join('\n'));
  await docker('build', '--quiet', `--tag=shop:${version}`, folder);
}
