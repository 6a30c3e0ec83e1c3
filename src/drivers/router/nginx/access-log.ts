import type { Config } from '../../../config/config.ts';
import { underscored } from './upstreams.ts';

/** One write for many lines pays for the look at the marker; the log is as good as live for all who read it. */
const buffer = 'buffer=32k flush=20ms';

/**
 * The combined format that every tool reads, and after it what cutover needs: whom the request was passed to, how
 * long each took to the first byte of its answer (`-`: it gave none), and which host was meant.
 */
export function accessLogFormat({ app }: Config): string {
  return `log_format ${formatName(app)} '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
  '"$http_referer" "$http_user_agent" "$upstream_addr" "$upstream_header_time" "$host"';
log_format ${formatName(app)}_own '$remote_addr - - [$time_local] "GET /.cutover" $status $body_bytes_sent "-" "cutover"';
`;
}

export function accessLogLine({ app }: Config, file: string): string {
  return `access_log ${file} ${formatName(app)} ${buffer};\n`;
}

/** What cutover asks by itself stands there too, so that one can see that the log is written; without its secret path. */
export function ownLogLine({ app }: Config, file: string | undefined): string {
  return file === undefined ? 'access_log off;' : `access_log ${file} ${formatName(app)}_own ${buffer};`;
}

function formatName(app: string): string {
  return `cutover_${underscored(app)}`;
}
