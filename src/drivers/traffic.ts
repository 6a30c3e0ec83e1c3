import type { Host, Traffic } from '../ports.ts';

/*
 * A mark is the log's inode and size. Our log format ends in `-` for a 5xx that never got an answer
 * from a slot. A rotated log is followed by its inode.
 */
const countSince = `
inode=\${2%%:*} skip=$((\${2#*:} + 1))
[ "$(stat -c %i "$1")" = "$inode" ] || old=$(find "\${1%/*}" -maxdepth 1 -inum "$inode" | head -n 1)
{ if [ -n "$old" ]; then tail -c "+$skip" "$old"; cat "$1"; else tail -c "+$skip" "$1"; fi; } 2> /dev/null |
  awk '{ n++; split($0, part, "\\""); split(part[3], s, " "); if (s[1] >= 500 && $NF == "-") lost++ }
    END { print n + 0, lost + 0 }'`;

/** Counts in the front door's own log, on the host that writes it. */
export function logTraffic(host: Host, log: string): Traffic {
  return {
    async mark() {
      return (await host.run(['stat', '-c', '%i:%s', log])).stdout.trim() || undefined;
    },
    async since(mark) {
      const { stdout } = await host.run(['sh', '-c', countSince, 'count', log, mark]);
      const [requests = 0, lost = 0] = stdout.trim().split(' ').map(Number);
      return { requests, lost };
    },
  };
}
