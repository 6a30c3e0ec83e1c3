import type { Config } from '../../config/config.ts';
import { endpoint } from '../../core/endpoint.ts';
import { slots } from '../../core/slot.ts';
import type { Host, Traffic } from '../../ports.ts';
import { isOurOwn, loggedRequest } from './line.ts';

/** A mark is the log's inode and size. A log that was rotated since is found by its inode, beside the new one. */
const fromMark = `
inode=\${2%%:*} skip=$((\${2#*:} + 1)) old= now=$(stat -c %i "$1" 2> /dev/null)
[ "$now" = "$inode" ] || old=$(find "\${1%/*}" -maxdepth 1 -inum "$inode" | head -n 1)
`;

/** All lines since the mark, whatever became of the log meanwhile. */
const linesSince = `${fromMark}
{ if [ -n "$old" ]; then tail -c "+$skip" "$old"; cat "$1"; else tail -c "+$skip" "$1"; fi; } 2> /dev/null`;

/** A 5xx that no slot gave is a lost request. */
const countSince = `${linesSince} |
  awk -F '"' 'NF == 13 { n++; split($3, s, " "); if (s[1] >= 500 && $10 ~ /(^|, )-$/) lost++ }
    END { print n + 0, lost + 0 }'`;

/** Between two renames there is no log: then what is left of the old one is all there is. */
const readSince = `${fromMark}
if [ "$now" = "$inode" ]; then echo "$now same"; tail -c "+$skip" "$1"
elif [ -n "$now" ]; then echo "$now \${old:+followed}"; [ -z "$old" ] || tail -c "+$skip" "$old"; printf '\\0'; cat "$1"
else echo "$inode same"; [ -z "$old" ] || tail -c "+$skip" "$old"; fi 2> /dev/null`;

/** Requests that the other slot answered because the one they were meant for did not. */
const countFailovers = `${linesSince} |
  LC_ALL=C grep -aF -e "\\"$3, $4\\"" -e "\\"$4, $3\\"" |
  awk -F '"' 'NF == 13 && $10 !~ /(^|, )-$/ { n++; split($1, t, /[][]/); if (!(t[2] in seen)) { seen[t[2]]; s++ } last = t[2] }
    END { print n + 0, s + 0; print last }'`;

/** Reads the front door's own log, on the host that writes it. */
export function logTraffic(host: Host, config: Config, log: string): Traffic {
  const script = async (text: string, ...words: readonly string[]) =>
    (await host.run(['sh', '-c', text, 'traffic', log, ...words])).stdout;
  const parsed = (text: string) => text.split('\n').flatMap((line) => loggedRequest(config, line) ?? []);
  return {
    async mark() {
      return (await host.run(['stat', '-c', '%i:%s', log])).stdout.trim() || undefined;
    },
    async since(mark) {
      const [requests = 0, lost = 0] = (await script(countSince, mark)).trim().split(' ').map(Number);
      return { requests, lost };
    },
    async read(mark) {
      const { next, text } = advanced(mark, await script(readSince, mark));
      return { mark: next, requests: parsed(text), asked: text.split('\n').filter(isOurOwn).length };
    },
    async last(lines) {
      return parsed((await host.run(['tail', '-n', String(lines), log])).stdout);
    },
    async failovers(mark) {
      const ends = slots.map((slot) => endpoint(config, slot));
      const [counts = '', at = ''] = (await script(countFailovers, mark, ...ends)).split('\n');
      const [requests = 0, seconds = 0] = counts.split(' ').map(Number);
      return { requests, seconds, last: at === '' ? undefined : at };
    },
  };
}

/** What is whole, and the mark after it: a line that is still being written is read the next time. */
export function advanced(mark: string, answer: string): { next: string; text: string } {
  const end = answer.indexOf('\n');
  const [inode = '', how] = answer.slice(0, end).split(' ');
  const [before = '', after] = answer.slice(end + 1).split('\0');
  if (end === -1) return { next: mark, text: '' };
  const start = how === 'same' ? Number(mark.split(':')[1]) : 0;
  const newest = how === 'same' ? before : (after ?? '');
  const whole = newest.slice(0, newest.lastIndexOf('\n') + 1);
  const next = `${inode}:${start + Buffer.byteLength(whole)}`;
  return { next, text: how === 'same' ? whole : `${before}${whole}` };
}
