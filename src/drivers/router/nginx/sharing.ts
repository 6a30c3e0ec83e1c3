import type { Config } from '../../../config/config.ts';
import type { Preview, Shift } from '../../../config/progressive.ts';
import { underscored } from './upstreams.ts';

/** What the text about shared traffic depends on beside the configuration. */
export interface SharingFacts {
  /** Mixed into what tells clients apart, so that nobody can work out which value leads to which bucket. */
  salt: string;
  /** What a preview has to bring; undefined: there are none. */
  secret: string | undefined;
}

/** The file that decides a request. */
export function lookedAt({ app }: Config, { traffic, sharing }: { traffic: string; sharing?: SharingFacts }): string {
  return sharing ? `${traffic}/current/$cutover_${underscored(app)}_bucket` : `${traffic}/green`;
}

/** For the `http` level: from a request to its bucket. Each variable is worked out once, when it is asked for. */
export function sharingMaps(config: Config, { salt, secret }: SharingFacts): string {
  const { shift, preview } = config.progressive;
  const name = `cutover_${underscored(config.app)}`;
  return [
    shift ? clients(name, shift, config) : '',
    shift ? buckets(name, salt) : '',
    preview && secret !== undefined ? previews(name, preview, secret, shift !== undefined) : '',
    preview && secret !== undefined ? '' : `map $${name}_share $${name}_bucket { default $${name}_share; }\n`,
  ]
    .filter((part) => part !== '')
    .join('');
}

/** For the `server` level. The cookie is given to those who have none, while traffic is shared. */
export function sharingLines({ app, progressive: { shift } }: Config, traffic: string): string {
  const name = `cutover_${underscored(app)}`;
  const lines = ['disable_symlinks off;'];
  if (shift?.sticky !== 'cookie') return lines.join('\n');
  return [
    ...lines,
    `set $${name}_give "";`,
    `if (-f ${traffic}/current/sticky) { set $${name}_give $${name}_new; }`,
    `add_header Set-Cookie $${name}_give always;`,
  ].join('\n');
}

/** The application is not told the secret. */
export function hidden({ progressive: { preview } }: Config): string {
  return preview ? `\nproxy_set_header ${preview.header} "";` : '';
}

/** Only what we gave counts, so nobody can weigh more than one client by bringing other values. */
function clients(name: string, { sticky }: Shift, { router }: Config): string {
  if (sticky === 'address') return `map $remote_addr $${name}_client { default $remote_addr; }\n`;
  if (sticky === 'none') return `map $request_id $${name}_client { default $request_id; }\n`;
  if (typeof sticky === 'object') {
    const variable = `$http_${sticky.header.toLowerCase().replaceAll('-', '_')}`;
    return `map ${variable} $${name}_client { default ${variable}; "" $remote_addr; }\n`;
  }
  const ours = `"~^[0-9a-f]{32}$"`;
  const secure = router.tls ? '; Secure' : '';
  return `map $cookie_${name} $${name}_client { default $request_id; ${ours} $cookie_${name}; }
map $cookie_${name} $${name}_new { default "${name}=$request_id; Path=/; HttpOnly; SameSite=Lax${secure}"; ${ours} ""; }
`;
}

function buckets(name: string, salt: string): string {
  const shares = Array.from({ length: 99 }, (_, bucket) => `  1% ${bucket};`);
  return `split_clients "${salt}$${name}_client" $${name}_share {\n${shares.join('\n')}\n  * 99;\n}\n`;
}

function previews(name: string, { header, cookie }: Preview, secret: string, shifts: boolean): string {
  const variable = `$http_${header.toLowerCase().replaceAll('-', '_')}`;
  return `map ${variable} $${name}_by_header { default ""; "${secret}" 1; }
map $cookie_${cookie} $${name}_by_cookie { default ""; "${secret}" 1; }
map $${name}_by_header$${name}_by_cookie $${name}_bucket { "" ${shifts ? `$${name}_share` : '0'}; default preview; }
`;
}
