// node lab/run.mjs docs/images/record.ts makes deploy.svg again: a real deploy and rollback, on a test machine with
// systemd and Debian's nginx, while a client sends requests. Waits are shortened to a second and a half; the times
// that cutover prints are its own. Needs root, as every test machine does.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { springBootJar } from '../../lab/jars.ts';
import { startLoadProcess } from '../../lab/load-process.ts';
import { bootMachine, type Machine } from '../../lab/machine.ts';
import { root } from '../../lab/paths.ts';

type Event = readonly [seconds: number, kind: 'o', text: string];

const [columns, rows, longestWait] = [90, 27, 1.5];
const commands = ['cutover deploy -m "new prices"', 'cutover status', 'cutover rollback'];
const prompt = '\u001B[1;32mdeploy@shop\u001B[0m:\u001B[1;34m/srv/shop\u001B[0m$ ';

const machine = await bootMachine({ name: 'shop', java: true });
try {
  await install(machine);
  const load = await startLoadProcess({
    url: `http://${machine.address}`,
    host: 'shop.example.com',
    connections: 20,
    rate: 200,
  });
  const events = await record(machine, commands);
  const { lost, sent } = await load.stop();
  console.log(`${lost} of ${sent} requests lost`);
  draw(events);
} finally {
  await machine.stop();
}

async function install(on: Machine): Promise<void> {
  const shell = async (line: string, user = 'root') => {
    const { code, stderr } = await on.exec(['bash', '-c', line], { user, deadline: 300_000 });
    if (code !== 0) throw new Error(`${line}: ${stderr}`);
  };
  const home = '/usr/local/lib/node_modules/cutover';
  await on.copyIn(join(root, 'dist'), `${home}/dist`);
  await on.copyIn(join(root, 'package.json'), `${home}/package.json`);
  await shell(`chmod 755 ${home}/dist/main.js && ln -s ${home}/dist/main.js /usr/local/bin/cutover`);
  await shell('rm -f /etc/nginx/sites-enabled/default && install -d -o deploy -g deploy /srv/shop/build/libs');
  const yaml = 'app: shop\nartifact: build/libs/*.jar\ndomain: shop.example.com\n';
  await shell(`printf '${yaml}' > /srv/shop/cutover.yaml && cd /srv/shop && cutover setup --owner deploy`);
  await on.copyIn(await springBootJar({ version: '1.0' }), '/srv/shop/build/libs/shop.jar', { user: 'deploy' });
  await shell('cd /srv/shop && cutover deploy -m "first release"', 'deploy');
  await on.copyIn(await springBootJar({ version: '2.0' }), '/srv/shop/build/libs/shop.jar', { user: 'deploy' });
}

async function record(on: Machine, lines: readonly string[]): Promise<readonly Event[]> {
  const events: Event[] = [];
  let now = 0;
  const write = (text: string, after: number): void => {
    now += after;
    events.push([now, 'o', text]);
  };
  for (const line of lines) {
    write(prompt, events.length === 0 ? 0 : 0.5);
    await sleep(500);
    for (const letter of line) write(letter, 0.045);
    write('\r\n', 0.3);
    await watch(on, line, write);
  }
  write(prompt, 0.2);
  write('', 6);
  return events;
}

/** In a terminal of the machine's own, as a person would see it. */
async function watch(on: Machine, line: string, write: (text: string, after: number) => void): Promise<void> {
  const terminal = ['script', '-qfec', `stty cols ${columns} rows ${rows}; ${line}`, '/dev/null'];
  const running = await on.start(terminal, {
    user: 'deploy',
    cwd: '/srv/shop',
    env: { TERM: 'xterm-256color' },
    deadline: 300_000,
  });
  let [seen, last, ended] = [0, performance.now(), false];
  void running.done.finally(() => (ended = true));
  for (;;) {
    const over = ended;
    const text = running.output().stdout.slice(seen);
    if (text !== '') {
      seen += text.length;
      write(text, Math.min(longestWait, (performance.now() - last) / 1000));
      last = performance.now();
    }
    if (over) return;
    await sleep(10);
  }
}

function draw(events: readonly Event[]): void {
  const dir = mkdtempSync(join(tmpdir(), 'cutover-record-'));
  const cast = join(dir, 'deploy.cast');
  const lines = [{ version: 2, width: columns, height: rows }, ...events].map((entry) => JSON.stringify(entry));
  writeFileSync(cast, `${lines.join('\n')}\n`);
  const svg = join(root, 'docs', 'images', 'deploy.svg');
  const terminal = ['--in', cast, '--out', svg, '--window', '--no-cursor', '--padding', '12'];
  execFileSync('npx', ['--yes', 'svg-term-cli@2.1.1', ...terminal], { stdio: 'inherit' });
  rmSync(dir, { recursive: true });
}
