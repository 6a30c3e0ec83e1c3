import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { startEngine, type Engine } from '../../lab/docker.ts';
import { importNode } from '../../lab/images.ts';
import { importNginx } from '../../lab/nginx-image.ts';
import { buildImage } from './docker-stand.ts';
import { until } from './until.ts';
import { createStand, type Stand, type StandOptions } from './stand.ts';

export interface EdgeOptions extends Omit<StandOptions, 'beforeSetup' | 'routed'> {
  /** Words for `docker run` instead of `--network=host`. */
  network?: (stand: Stand) => readonly string[];
  /** Makes the network `shopnet` with this subnet. */
  subnet?: string;
  /** Lines under `router:` beside `container`. */
  lines?: (stand: Stand) => string;
  /** Between the start of the container and `cutover setup`. */
  beforeSetup?: (edge: EdgeStand) => void | Promise<void>;
}

/** A stand whose nginx is the container `edge`. */
export interface EdgeStand {
  readonly engine: Engine;
  readonly stand: Stand;
  /** Folder of the sites on this machine, `/etc/nginx/conf.d` inside. */
  readonly sites: string;
  /** Makes the container anew with these mounts. */
  run(...volumes: readonly string[]): Promise<void>;
  image(name: string, lines?: string): Promise<void>;
  stop(): Promise<void>;
}

export async function createEdgeStand(options: EdgeOptions = {}): Promise<EdgeStand> {
  const { beforeSetup, lines, subnet, network = () => ['--network=host'], ...rest } = options;
  const engine = await startEngine();
  Object.assign(process.env, engine.env);
  try {
    await importNginx(engine);
    await importNode(engine);
    await buildImage(engine, 'shop:1', '');
    if (subnet) await engine.docker('network', 'create', `--subnet=${subnet}`, 'shopnet');
    let made: EdgeStand | undefined;
    const stand = await createStand({
      ...rest,
      routed: (one) => `  container: edge\n${lines?.(one) ?? `  listen: 127.0.0.1:${one.nginx.port}`}`,
      async beforeSetup(one) {
        made = edgeStand(engine, one, network(one));
        mkdirSync(made.sites);
        await made.run(...usual(made));
        await beforeSetup?.(made);
      },
    });
    return made ?? edgeStand(engine, stand, network(stand));
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

/** The two folders that have to be there. */
export function usual({ sites, stand }: EdgeStand): readonly string[] {
  return [`${sites}:/etc/nginx/conf.d:ro`, `${stand.state}/traffic:${stand.state}/traffic:ro`];
}

function edgeStand(engine: Engine, stand: Stand, network: readonly string[]): EdgeStand {
  return {
    engine,
    stand,
    sites: path.join(stand.dir, 'sites'),
    async run(...volumes) {
      await engine.docker('rm', '--force', 'edge').catch(() => undefined);
      const words = ['--detach', '--name=edge', ...network, ...volumes.map((volume) => `--volume=${volume}`)];
      await engine.docker('run', ...words, 'nginx:lab');
      const ready = () => engine.docker('exec', 'edge', 'test', '-s', '/run/nginx.pid');
      await until(
        () =>
          ready().then(
            () => true,
            () => false,
          ),
        20_000,
        'nginx in the container',
      );
    },
    image: (name, text = '') => buildImage(engine, name, text),
    async stop() {
      try {
        await stand.stop();
      } finally {
        await engine.stop();
      }
    },
  };
}
