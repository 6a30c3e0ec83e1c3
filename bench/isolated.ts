import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { root } from '../lab/paths.ts';
import type { SwitchSection } from './switch-section.ts';

/** A section that makes bridges and rules of the kernel: a program of its own, in a network namespace that is nobody else's. */
export async function measureIsolated(program: 'container-worker.ts' | 'kernel-worker.ts'): Promise<SwitchSection> {
  if (process.getuid?.() !== 0) return { text: 'Not measured: it needs root.', lost: 0 };
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const worker = fileURLToPath(new URL(program, import.meta.url));
  const words = [join(root, 'lab', 'netns.mjs'), process.execPath, '--import', loader, worker];
  // Standard input stays open for as long as we live: the worker ends with it.
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number | null]>]);
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  return JSON.parse(said) as SwitchSection;
}
