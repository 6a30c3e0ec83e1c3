import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import { startEngine, type Engine } from '../../lab/docker.ts';
import { freePorts } from '../../lab/free-port.ts';
import { importNode } from '../../lab/images.ts';
import { parseConfig } from '../../src/config/parse.ts';
import dockerRuntime from '../../src/drivers/docker/runtime.ts';
import { localHost } from '../../src/drivers/host/local.ts';
import { runtimeContract } from '../contracts/runtime.ts';
import { app, type RuntimeUnderTest } from '../contracts/runtime-support.ts';
import { temporary } from '../support/folders.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
  Object.assign(process.env, engine.env);
  await importNode(engine, '/bin/sh', '/bin/sleep');
  const folder = path.join(engine.dir, 'contract');
  mkdirSync(folder);
  copyFileSync(app, path.join(folder, 'app.mjs'));
  const lines = [
    'FROM node:lab',
    'WORKDIR /app',
    `COPY app.mjs ${app}`,
    'ENV HOST=0.0.0.0',
    'EXPOSE 8080',
    'ENTRYPOINT ["/usr/local/bin/node"]',
  ];
  writeFileSync(path.join(folder, 'Dockerfile'), lines.join('\n'));
  for (const id of ['7', '8']) await engine.docker('build', '--quiet', `--tag=contract:${id}`, folder);
});

afterAll(async () => engine?.stop());

async function open(grace: number): Promise<RuntimeUnderTest> {
  const state = await temporary();
  for (const folder of ['slots/blue', 'slots/green', 'logs']) mkdirSync(path.join(state, folder), { recursive: true });
  const [blue = 0, green = 0] = await freePorts(2);
  const host = localHost();
  const text = `app: contract\nartifact: contract:7\nruntime: docker\nstate: ${state}\nslots: { blue: ${blue}, green: ${green} }\ngrace: ${grace}ms\n`;
  const runtime = dockerRuntime(host, parseConfig(path.join(state, 'cutover.yaml'), text));
  onTestFinished(async () => {
    await Promise.all([runtime.stop('blue', 500), runtime.stop('green', 500)]);
  });
  return {
    runtime: withoutProgram(runtime),
    host,
    ports: { blue, green },
    stage: async () => undefined,
    restart: 20_000,
    artifact: (id) => `contract:${id}`,
    folder: /^\/app$/,
    hostPid: async (pid) => hostPid(pid),
  };
}

/** The image's entrypoint is the program that the contract names first. */
function withoutProgram(runtime: RuntimeUnderTest['runtime']): RuntimeUnderTest['runtime'] {
  return { ...runtime, start: (slot, launch) => runtime.start(slot, { ...launch, argv: launch.argv.slice(1) }) };
}

/** The last number of NSpid is the process's own (proc(5)); of several the youngest is meant. */
function hostPid(pid: number): number {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => new RegExp(`^NSpid:\\t\\d+\\t(.*\\t)?${pid}$`, 'm').test(statusOf(name)));
  return Math.max(...found.map(Number));
}

function statusOf(name: string): string {
  try {
    return readFileSync(`/proc/${name}/status`, 'utf8');
  } catch {
    return '';
  }
}

describe('containers', () => {
  runtimeContract(open);
});
