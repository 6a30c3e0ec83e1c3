// npm run bench: every figure of the README, measured side by side in one run. Writes bench/results.md.
//   --short         zero lost requests, for cutover and a reload script, in less than a minute; writes nothing
//   --only abcdefgh only these sections; the others stay as they are in bench/results.md
import { execFile } from 'node:child_process';
import { cpus, loadavg, release } from 'node:os';
import { parseArgs, promisify } from 'node:util';
import { ensureNginx } from '../lab/components.ts';
import { measureCommands } from './commands.ts';
import { measureIsolated } from './isolated.ts';
import { type Section, updateResults, writeResults, written } from './results.ts';
import { measureSsh } from './ssh-section.ts';
import { measureManySwitches, measureSwitches, type SwitchSection } from './switch-section.ts';
import { figure, table } from './table.ts';
import { measureThroughput } from './throughput.ts';
import { measureWarm } from './warm-section.ts';

// Certificates of a proxy for downloads are this machine's: each Node would read them at its start.
delete process.env['NODE_EXTRA_CA_CERTS'];

const all = 'abcdefgh';
const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, only: { type: 'string', default: all } },
});

process.exitCode = await (values.short ? short() : full(values.only.toLowerCase()));
process.exit();

async function short(): Promise<number> {
  const plan = { short: true, rounds: 2, switches: 30, interval: 250, rest: 1 };
  const { text, lost } = await measureSwitches(plan, console.log);
  console.log(`\n${text}`);
  return verdict(lost);
}

async function full(only: string): Promise<number> {
  const top = await heading();
  const sections: Section[] = [];
  let lost = 0;
  const add = async (letter: string, title: string, measure: () => Promise<SwitchSection>): Promise<void> => {
    if (!only.includes(letter)) return;
    console.log(`\n${title} …`);
    const section = await measure();
    lost += section.lost;
    sections.push({ title, text: section.text });
  };
  await add('a', 'Switching under load', () =>
    measureSwitches({ short: false, rounds: 5, switches: 20, interval: 500, rest: 3 }, console.log),
  );
  await add('b', 'A thousand switches', () => measureManySwitches(1000, 100));
  await add('c', 'Throughput of the configuration', throughputSection);
  await add('d', 'The command', commandSection);
  await add('e', 'Containers', () => measureIsolated('container-worker.ts'));
  await add('f', 'The kernel', () => measureIsolated('kernel-worker.ts'));
  await add('g', 'Over ssh', () => measureSsh(3, console.log));
  await add('h', 'Warm-up', () => measureWarm(3, console.log));
  console.log(`\n${[top, ...sections.map(written)].join('\n')}`);
  if (only === all) writeResults(top, sections);
  else updateResults(sections, top);
  return verdict(lost);
}

function verdict(lost: number): number {
  console.log(lost === 0 ? 'cutover lost 0 requests' : `cutover lost ${lost} requests`);
  return lost === 0 ? 0 : 1;
}

async function heading(): Promise<string> {
  const { stderr } = await promisify(execFile)(await ensureNginx(), ['-v']);
  const nginx = stderr.trim().replace('nginx version: ', '');
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? ''}), Linux ${release()}, Node ${process.version}, ${nginx}`;
  const [busy = 0] = loadavg();
  if (busy > 0.5)
    console.log(
      `This machine is busy with something else (load average ${figure(busy)}): times and ratios will be worth little.`,
    );
  return `# What was measured\n\nBy \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${machine}. The load average was ${figure(busy)} before. Everything, client and applications included, ran on this one machine; rounds are interleaved, so compare within a table, not with figures from elsewhere.\n`;
}

async function throughputSection(): Promise<SwitchSection> {
  const pairs = 12;
  const found = await measureThroughput(pairs);
  const head = [
    'against a minimal hand-written configuration',
    'throughput ratio [quartiles]',
    'worst, best',
    'added CPU, µs a request',
    'base: requests/s, µs',
  ];
  const rows = found.map(({ what, ratio, added, rate, cost }) => [
    what,
    `${ratio.median.toFixed(3)} [${ratio.low.toFixed(3)}, ${ratio.high.toFixed(3)}]`,
    `${ratio.min.toFixed(3)}, ${ratio.max.toFixed(3)}`,
    `${added.median.toFixed(2)} [${added.low.toFixed(2)}, ${added.high.toFixed(2)}]`,
    `${figure(rate)}, ${cost.toFixed(1)}`,
  ]);
  const method = `wrk with 32 connections and a browser's \`Accept\`, nginx with 2 workers in front of another nginx that answers by itself: the worst case, no application is that quick. Same headers on both sides; the minimal one writes nginx's own access log, the last two rows compare with one that has cutover's format and buffer, which leaves the price of the switch alone. ${pairs} pairs, each 40 turns of 40 ms a side in random order; CPU time of the nginx workers as the kernel counts it.`;
  return { text: `${method}\n\n${table(head, rows)}`, lost: 0 };
}

async function commandSection(): Promise<SwitchSection> {
  const { times, overhead, start, resident } = await measureCommands(21);
  const bare = times['node -e 0'] ?? Number.NaN;
  const names = ['node -e 0', '--version', 'status', 'rollback'];
  const rows = names.map((name) => [
    name,
    figure(times[name] ?? Number.NaN),
    ((times[name] ?? Number.NaN) / bare).toFixed(2),
  ]);
  const deploy = `A deploy of the Node sample takes ${figure(overhead.median)} ms [${figure(overhead.low)}, ${figure(overhead.high)}] longer than the sample itself needs to start (${figure(start)} ms), the stop of what ran in the slot before included; one a few seconds after the last switch waits until nginx has given up its idle connections to that slot (3 s). Resident at rest with two slots up, beside the application: ${figure(resident)} MB (runtime \`process\`).`;
  return {
    text: `${table(['command', 'wall time, ms', 'of bare node'], rows)}\n\nMedians of 21 interleaved runs. ${deploy}`,
    lost: 0,
  };
}
