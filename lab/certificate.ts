import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureOpenssl } from './components.ts';

/** A self-signed certificate for these names, valid for a day: `certificate.pem` and `key.pem` in `dir`. */
export async function makeCertificate(
  dir: string,
  names: readonly string[],
): Promise<{ certificate: string; key: string }> {
  const openssl = await ensureOpenssl();
  const certificate = join(dir, 'certificate.pem');
  const key = join(dir, 'key.pem');
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  const subject = [
    '-subj',
    `/CN=${names[0] ?? 'localhost'}`,
    '-addext',
    `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`,
  ];
  await promisify(execFile)(openssl, ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', certificate]);
  return { certificate, key };
}
