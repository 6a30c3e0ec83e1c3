import type { Config } from '../../../config/config.ts';
import { underscored } from './upstreams.ts';

/** With these nginx answers by itself; every other status came from a slot. */
const ownErrors = [500, 502, 503, 504];

/** One write for many lines pays for the look at the marker; the log is as good as live for all who read it. */
const buffer = 'buffer=32k flush=20ms';

/** The combined format that every tool reads, and at its end what cutover counts: `-` when no slot answered. */
export function accessLogFormat({ app }: Config): string {
  const name = formatName(app);
  return `map $status $${name}_answer {
  default ok;
${ownErrors.map((status) => `  ${status} $upstream_header_time;\n`).join('')}}
log_format ${name} '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
  '"$http_referer" "$http_user_agent" $${name}_answer';
`;
}

export function accessLogLine({ app }: Config, file: string): string {
  return `access_log ${file} ${formatName(app)} ${buffer};\n`;
}

function formatName(app: string): string {
  return `cutover_${underscored(app)}`;
}
