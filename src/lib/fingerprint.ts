/** Eight hexadecimal digits that tell two texts apart, FNV-1a. For comparing, not for keeping anybody out. */
export function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
