import type { Host } from '../ports.ts';

/** Who listens on a port. */
export interface Holder {
  pid: number;
  command: string;
}

/*
 * Ports in hexadecimal. For each the inode of its listening socket, then the process that has it
 * open, of those whose descriptors this user may see. Prints port, pid and command.
 */
const script = `
for port; do
  inode=$(cat /proc/net/tcp /proc/net/tcp6 | awk -v port=":$port" '$4 == "0A" && $2 ~ port "$" { print $10; exit }')
  [ -n "$inode" ] || continue
  fd=$(find /proc/[0-9]*/fd -maxdepth 1 -lname "socket:\\[$inode\\]" -print -quit)
  pid=\${fd#/proc/}
  pid=\${pid%%/*}
  [ -n "$pid" ] && echo "$port $pid $(tr '\\0' ' ' < "/proc/$pid/cmdline" | cut -c 1-80)"
done 2> /dev/null
:`;

/** Ports that nobody holds, or somebody whom only root may see, are left out. */
export async function holdersOf(host: Host, ports: readonly number[]): Promise<ReadonlyMap<number, Holder>> {
  const wanted = ports.map((port) => port.toString(16).toUpperCase().padStart(4, '0'));
  const { stdout } = await host.run(['sh', '-c', script, 'holders', ...wanted], { deadline: 10_000 });
  return new Map(
    stdout.split('\n').flatMap((line) => {
      const [, port = '', pid, command = ''] = /^([0-9A-F]+) (\d+) (.*)/.exec(line) ?? [];
      return pid === undefined
        ? []
        : [[Number.parseInt(port, 16), { pid: Number(pid), command: command.trim() }] as const];
    }),
  );
}
