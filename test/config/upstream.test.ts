import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import { configWith } from './support.ts';

describe('upstream limits stay below those of the server', () => {
  it.each([
    ['tomcat', { keepalive: 32, requests: 90, idle: 4000 }],
    ['jetty', { keepalive: 32, requests: 1000, idle: 4000 }],
    ['undertow', { keepalive: 32, requests: 1000, idle: 4000 }],
    ['netty', { keepalive: 32, requests: 1000, idle: 4000 }],
    ['node', { keepalive: 32, requests: 1000, idle: 3000 }],
    ['other', { keepalive: 0, requests: 1000, idle: 2000 }],
  ])('of %s', (server, limits) => {
    expect(configWith(`upstream: {server: ${server}}`).upstream).toEqual({ server, ...limits });
  });

  it('and are what the file says where it says something', () => {
    expect(configWith('upstream: {server: other, keepalive: 8, idle: 9s}').upstream).toEqual({
      server: 'other',
      keepalive: 8,
      requests: 1000,
      idle: 9000,
    });
  });

  it.each([
    ['run: node {artifact}/a.js', 'node'],
    ['run: [/usr/bin/node, a.js]', 'node'],
    ['run: exec node a.js\nshell: true', 'node'],
    ['run: nodejs a.js', 'node'],
    ['run: ./nodeish', 'other'],
  ])('guessed from %j', (run, server) => {
    expect(parseConfig('/a/cutover.yaml', `app: a\nartifact: .\n${run}`).upstream.server).toBe(server);
  });
});
