import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startEngine, type Engine } from '../../lab/docker.ts';
import { importNode } from '../../lab/images.ts';
import { createStand, nodeSample, type Stand, type StandOptions } from './stand.ts';

export interface DockerStand {
  readonly engine: Engine;
  readonly stand: Stand;
  /** Builds an image of the sample from these lines of a Dockerfile, put before its CMD. */
  image(name: string, lines?: string): Promise<void>;
  stop(): Promise<void>;
}

/** A stand whose releases are containers of an engine of its own. */
export async function createDockerStand(
  options: StandOptions = {},
  engineOptions: string[] = [],
): Promise<DockerStand> {
  const engine = await startEngine(...engineOptions);
  Object.assign(process.env, engine.env);
  try {
    await importNode(engine);
    const image = (name: string, lines = '') => buildImage(engine, name, lines);
    await image('shop:1');
    const stand = await createStand({ runtime: 'docker', artifact: 'shop:1', ...options });
    return {
      engine,
      stand,
      image,
      async stop() {
        try {
          await stand.stop();
        } finally {
          await engine.stop();
        }
      },
    };
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

export async function buildImage(engine: Engine, name: string, lines: string): Promise<void> {
  const folder = path.join(engine.dir, 'build', name.replaceAll(/[^a-z0-9.]/g, '-'));
  writeDockerfile(folder, lines);
  await engine.docker('build', '--quiet', `--tag=${name}`, folder);
}

export function writeDockerfile(folder: string, lines = ''): void {
  mkdirSync(folder, { recursive: true });
  cpSync(nodeSample, folder, { recursive: true });
  writeFileSync(
    path.join(folder, 'Dockerfile'),
    `FROM node:lab\nWORKDIR /app\nCOPY package.json *.js ./\nENV HOST=0.0.0.0\nEXPOSE 8080\nCMD ["node", "server.js"]\n${lines}\n`,
  );
}
