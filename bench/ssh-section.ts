import { endLeftovers } from '../lab/cleanup.ts';
import { artifactBytes, type DeployRound, measureDeploys } from './ssh-deploys.ts';
import { type Look, type LookName, lookNames, measureStatus, type StatusFigures } from './ssh-status.ts';
import { median } from './stats.ts';
import type { SwitchSection } from './switch-section.ts';
import { figure, spreadText, table } from './table.ts';

const counts = [1, 5, 20];
const many = 50;

/** Deploys to several servers over ssh, and the status of many. */
export async function measureSsh(rounds: number, say: (line: string) => void): Promise<SwitchSection> {
  await endLeftovers();
  const deploys =
    process.getuid?.() === 0
      ? deployText(await measureDeploys(counts, rounds, say))
      : 'Deploys: not measured, it needs root.';
  say('deploys done');
  return { text: `${deploys}\n\n${statusText(await measureStatus(many, rounds))}`, lost: 0 };
}

function deployText(found: readonly DeployRound[]): string {
  const rounds = found.length / counts.length;
  const head = [
    'servers',
    'first deploy, s',
    '`ssh` alone, s',
    'second deploy, s',
    'beyond the start, s',
    'the start, s',
    'rollback, s',
    'sent first, MB each',
    'sent second, kB each',
  ];
  const rows = counts.map((count) => deployRow(found.filter((round) => round.count === count)));
  const megabytes = artifactBytes / 1e6;
  return `Deploys of the Node sample with ${megabytes} MB of random bytes in it to machines with systemd, nginx and sshd of their own, \`rollout: { waves: ['100%'] }\`: all at once, so neither waves nor watching count. First deploy: the servers do not have the artifact and no connection is open; \`ssh\` alone: \`ssh SERVER 'cat > FILE && sync -d FILE'\` with the same ${megabytes} MB to all of them at once. Second deploy: they have the artifact and the connections are open; beyond the start: less what the application needs from its exec until it answers, started on as many at once without cutover. Client, servers and applications share the cores of this machine. Bytes as the client's network interfaces count them. Medians of ${rounds} interleaved rounds [quartiles].

${table(head, rows)}`;
}

function deployRow(rounds: readonly DeployRound[]): readonly string[] {
  const count = rounds[0]?.count ?? 1;
  return [
    String(count),
    seconds(rounds.map(({ fresh }) => fresh.time)),
    seconds(rounds.map(({ bare }) => bare)),
    seconds(rounds.map(({ again }) => again.time)),
    seconds(rounds.map(({ again, start }) => again.time - start)),
    seconds(rounds.map(({ start }) => start)),
    seconds(rounds.map(({ rollback }) => rollback.time)),
    figure(median(rounds.map(({ fresh }) => fresh.sent / count / 1e6))),
    figure(median(rounds.map(({ again }) => again.sent / count / 1e3))),
  ];
}

function statusText({ looks, hung }: StatusFigures): string {
  const head = ['', 'wall time, ms', 'of bare `ssh`', 'CPU of the client, ms', 'CPU of the servers, ms'];
  const rows = lookNames.map((name) => statusRow(name, looks));
  const [shown, ended] = [hung.map((one) => one.shown), hung.map((one) => one.ended)];
  const rounds = looks['ssh, warm'].length;
  return `\`status\` of ${many} servers: ${many} sshd on this machine, all of which lead to the one application that is set up here and has both slots up, beside \`ssh SERVER true\` to all of them at once. Cold: no connection is open; warm: those of the last command are. Client and servers share the cores of this machine, so the wall time is that of both; with servers of their own it would be that of the client. Medians of ${rounds} interleaved rounds [quartiles].

${table(head, rows)}

With one of the ${many} taking connections and saying nothing, the other ${many - 1} (warm) were shown after ${spreadText(shown)} ms, and the command ended after ${spreadText(ended)} ms.`;
}

function statusRow(name: LookName, all: StatusFigures['looks']): readonly string[] {
  const looks = all[name];
  const bare = all[name.endsWith('warm') ? 'ssh, warm' : 'ssh, cold'];
  const times = looks.map(({ time }) => time);
  const of = (what: keyof Look): string => figure(median(looks.map((look) => look[what])));
  const ratio = median(times.map((time, at) => time / (bare[at]?.time ?? Number.NaN)));
  const answered = median(looks.map((look) => look.answered));
  const missing = answered < many ? `, ${figure(answered)} of ${many} in time` : '';
  return [`${name}${missing}`, spreadText(times), ratio.toFixed(2), of('client'), of('servers')];
}

function seconds(times: readonly number[]): string {
  return spreadText(times.map((time) => time / 1000));
}
