import type { Host } from '../../ports.ts';

/** Processes that belong together, and the ports they listen on. */
export interface ProcessGroup {
  pids: readonly number[];
  /** Bytes. */
  memory: number;
  ports: readonly number[];
  /** Every listening socket of the machine. */
  listeners: readonly Listener[];
}

export interface Listener {
  port: number;
  /** Empty where there were no processes to look it up for. */
  inode: string;
}

/*
 * $1 is `session`, `cgroup` or `none`, $2 the session's id or the cgroup's directory, $3 tcp or udp. For each
 * process it prints its pid, resident kB and sockets; then the listening sockets. The kernel finds
 * these at once for `ss`, if asked for no other state; else, and for /proc/net/tcp, it walks through its
 * table of all connections. For the details, which have the inode, `ss` reads the whole tree of cgroups.
 */
const survey = `
case $1 in
  session) for stat in $(grep -lsE "^[0-9]+ [(].*[)] [A-Z] [0-9]+ [0-9]+ $2 " /proc/[0-9]*/stat); do
      stat=\${stat#/proc/} pids="$pids \${stat%/stat}"
    done ;;
  cgroup) pids=$(cat "$2/cgroup.procs" 2> /dev/null) ;;
esac
for pid in $pids; do
  echo "pid $pid"
  status="$status /proc/$pid/status" files="$files /proc/$pid/fd/*"
done
if [ "$pids" ]; then
  sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\) kB$/rss \\1/p' $status
  readlink $files
fi 2> /dev/null
state=listening number=0A
[ "$3" = tcp ] || state=unconnected number=07
ss "-Hn\${pids:+e}" "--$3" state "$state" 2> /dev/null ||
  grep -h " $number " "/proc/net/$3" "/proc/net/\${3}6" 2> /dev/null
:`;

export type Protocol = 'tcp' | 'udp';

export async function processesOf(
  host: Host,
  protocol: Protocol,
  kind: 'session' | 'cgroup' | 'none',
  id = '',
): Promise<ProcessGroup> {
  const { stdout } = await host.run(['sh', '-c', survey, 'survey', kind, id, protocol]);
  const lines = stdout.split('\n');
  const sockets = new Set(lines.flatMap((line) => /^socket:\[(\d+)\]$/.exec(line)?.[1] ?? []));
  const listeners = listenersIn(lines);
  const own = listeners.filter(({ inode }) => sockets.has(inode));
  return {
    pids: valuesOf(lines, 'pid').map(Number),
    memory: valuesOf(lines, 'rss').reduce((sum, kilobytes) => sum + Number(kilobytes) * 1024, 0),
    ports: [...new Set(own.map(({ port }) => port))].toSorted((a, b) => a - b),
    listeners,
  };
}

/** A variable of the process itself; undefined where it has none, or this user may not look. */
export async function variableOf(host: Host, pid: number, name: string): Promise<string | undefined> {
  const environment = await host.read(`/proc/${pid}/environ`).catch(() => undefined);
  const line = environment?.split('\0').find((entry) => entry.startsWith(`${name}=`));
  return line?.slice(name.length + 1);
}

/** Whether somebody who is not one of these processes listens on the port. */
export function isTaken(port: number, { listeners, ports }: ProcessGroup): boolean {
  return !ports.includes(port) && listeners.some((listener) => listener.port === port);
}

function valuesOf(lines: readonly string[], name: string): readonly string[] {
  return lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
}

/** Lines of `ss` (queues, `ADDRESS:PORT`, peer, with details `… ino:N …`); of /proc/net/tcp where there is no ss. */
function listenersIn(lines: readonly string[]): readonly Listener[] {
  return lines.flatMap((line) => listenerOfSs(line) ?? listenerOfProc(line) ?? []);
}

function listenerOfSs(line: string): Listener | undefined {
  const [, port, inode = ''] = /^\d+ +\d+ +\S+:(\d+) +\S+:\*(?: .*?\bino:(\d+) )?/.exec(line) ?? [];
  return port ? { port: Number(port), inode } : undefined;
}

/** `sl local:PORT remote st … inode` with the port in hexadecimal; 0A is LISTEN, 07 a UDP socket (proc(5)). */
function listenerOfProc(line: string): Listener | undefined {
  const fields = line.trim().split(/\s+/);
  if (!/^\d+:$/.test(fields[0] ?? '') || !['0A', '07'].includes(fields[3] ?? '')) return undefined;
  return { port: Number.parseInt(fields[1]?.split(':').at(-1) ?? '', 16), inode: fields[9] ?? '' };
}
