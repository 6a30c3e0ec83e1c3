#!/usr/bin/env node
// node lab/netns.mjs COMMAND args… runs a command in a network namespace of its own, with nothing but loopback.
// It ends with its last process, so there is nothing to clean up.
import { spawnSync } from 'node:child_process';

const words = ['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'netns', ...process.argv.slice(2)];
const { status, signal } = spawnSync('unshare', words, {
  stdio: 'inherit',
  env: { ...process.env, CUTOVER_LAB_NETNS: '1' },
});
process.exit(signal ? 1 : (status ?? 1));
