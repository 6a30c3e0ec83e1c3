import { openPromise } from 'yauzl';

const manifestLimit = 1024 * 1024;

/** Whether `java -jar` could start the file: a zip whose manifest names a Main-Class. */
export async function isBootable(file: string): Promise<boolean> {
  const manifest = await manifestOf(file).catch(() => undefined);
  return manifest !== undefined && /^Main-Class:\s*\S/im.test(manifest);
}

async function manifestOf(file: string): Promise<string | undefined> {
  const zip = await openPromise(file);
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName !== 'META-INF/MANIFEST.MF' || entry.uncompressedSize > manifestLimit) continue;
      const stream = await zip.openReadStreamPromise(entry);
      const parts: Buffer[] = [];
      for await (const part of stream) parts.push(Buffer.from(part as Uint8Array));
      return Buffer.concat(parts).toString('utf8');
    }
    return undefined;
  } finally {
    zip.close();
  }
}
