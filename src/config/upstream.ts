import type { RunCommand, Upstream } from './config.ts';
import { isJar } from './rules.ts';
import type { Written } from './schema.ts';

/** Each below the server's own limits, so that nginx is always the one that closes. Tomcat: 100 requests, 20 s. Jetty: 30 s. Node: 5 s. */
const limits: Readonly<Record<Upstream['server'], Omit<Upstream, 'server'>>> = {
  tomcat: { keepalive: 32, requests: 90, idle: 4000 },
  jetty: { keepalive: 32, requests: 1000, idle: 4000 },
  undertow: { keepalive: 32, requests: 1000, idle: 4000 },
  netty: { keepalive: 32, requests: 1000, idle: 4000 },
  node: { keepalive: 32, requests: 1000, idle: 3000 },
  other: { keepalive: 0, requests: 1000, idle: 2000 },
};

/** How nginx keeps connections to the application; what is not written comes from the server in it. */
export function upstreamOf({ upstream: written, artifact, runtime }: Written, run: RunCommand | undefined): Upstream {
  const isFile = typeof artifact === 'string' && runtime !== 'docker';
  const server = written.server ?? (isFile ? guessServer(artifact, run) : 'other');
  const standard = limits[server];
  return {
    server,
    keepalive: written.keepalive ?? standard.keepalive,
    requests: written.requests ?? standard.requests,
    idle: written.idle ?? standard.idle,
  };
}

function guessServer(artifact: string, run: RunCommand | undefined): Upstream['server'] {
  if (isJar(artifact)) return 'tomcat';
  const program = run?.shell === true ? run.argv[0]?.replace(/^\s*exec\s+/, '').split(/\s/)[0] : run?.argv[0];
  return program !== undefined && /(^|\/)node(js)?$/.test(program) ? 'node' : 'other';
}
