import type { Examined, Report } from '../../doctor/examine.ts';
import type { Group, Verdict } from '../../doctor/finding.ts';
import type { Paint } from './paint.ts';

const groups: Readonly<Record<Group, string>> = {
  traffic: 'Traffic',
  application: 'Application',
  nginx: 'nginx',
  kernel: 'The switch in the kernel',
  server: 'Server',
  deployments: 'Deployments',
};

const titleWidth = 20;

/** One line for each trap, what is wrong with its fix below it, the sum last. */
export function doctorText(report: Report, isRoot: boolean, paint: Paint): string {
  const shown = report.findings.filter(({ verdict }) => verdict !== 'later');
  const sections = Object.entries(groups).flatMap(([group, name]) => {
    const lines = shown.filter((finding) => finding.group === group).map((finding) => line(finding, paint));
    return lines.length > 0 ? [paint.bold(name), ...lines, ''] : [];
  });
  return [...sections, summary(report, isRoot, paint), ''].join('\n');
}

function line({ verdict, title, says, fix }: Examined, paint: Paint): string {
  const quiet = verdict === 'fine' || verdict === 'note' || verdict === 'unknown';
  const indent = `\n${' '.repeat(titleWidth + 4)}`;
  const words = (text: string) => text.replaceAll('\n', indent);
  const first = ` ${mark(verdict, paint)} ${title.padEnd(titleWidth)} ${quiet ? paint.dim(words(says)) : words(says)}`;
  return fix ? `${first}${indent}${paint.dim('fix')} ${words(fix)}` : first;
}

function mark(verdict: Verdict, paint: Paint): string {
  switch (verdict) {
    case 'fine':
      return paint.green('✓');
    case 'note':
    case 'later':
      return paint.blue('·');
    case 'warning':
      return paint.yellow('!');
    case 'wrong':
      return paint.red('✗');
    case 'unknown':
      return paint.dim('?');
  }
}

function summary({ counts, app }: Report, isRoot: boolean, paint: Paint): string {
  const { wrong, warning, unknown, later } = counts;
  const bad = wrong > 0 ? paint.red(`${wrong} wrong`) : paint.green('nothing is wrong');
  const parts = [bad, ...(warning > 0 ? [paint.yellow(counted(warning, 'warning'))] : []), `${counts.fine} fine`];
  const more = [
    unknown > 0 ? `${unknown} could not be checked${isRoot ? '' : ' without root'}.` : '',
    later > 0 ? `${later} ${later === 1 ? 'has' : 'have'} nothing to look at yet.` : '',
  ];
  return [`${paint.bold(app ?? 'cutover')}: ${parts.join(', ')}.`, ...more.filter(Boolean)].join(' ');
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
