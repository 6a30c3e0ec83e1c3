import type { Host } from '../ports.ts';

export interface Holder {
  pid: number;
  command: string;
}

/*
 * $1 is the port in hexadecimal. The inode of its listening socket, then the process that has it
 * open: of those whose descriptors this user may see.
 */
const script = `
inode=$(cat /proc/net/tcp /proc/net/tcp6 2> /dev/null | awk -v port="$1" '$4 == "0A" && $2 ~ ":" port "$" { print $10; exit }')
[ -n "$inode" ] || exit 0
for fd in /proc/[0-9]*/fd/*; do
  [ "$(readlink "$fd")" = "socket:[$inode]" ] || continue
  pid=\${fd#/proc/}
  pid=\${pid%%/*}
  printf '%s ' "$pid"
  tr '\\0' ' ' < "/proc/$pid/cmdline" | cut -c 1-80
  exit 0
done 2> /dev/null`;

/** Who listens on a port; undefined: nobody, or somebody whom only root may see. */
export async function holderOf(host: Host, port: number): Promise<Holder | undefined> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const { stdout } = await host.run(['sh', '-c', script, 'holder', hex], { deadline: 10_000 });
  const [, pid, command = ''] = /^(\d+) (.*)/.exec(stdout) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), command: command.trim() };
}
