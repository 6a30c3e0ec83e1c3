import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Mux } from './mux.ts';
import { text } from './mux-wire.ts';

/** A command of ours that runs on the server. */
export interface Session {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<Ended>;
}

export interface Ended {
  /** Of the command; 255: of ssh, or the connection is lost; 127: there is no ssh. */
  code: number;
  /** Why it could not even be tried. */
  words?: string;
}

/** A process group of its own, so that Ctrl-C in a terminal ends us and not what we need to put things right. */
export function sessionByProgram([program = '', ...words]: readonly string[]): Session {
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const ended = new Promise<Ended>((resolve) => {
    child.on('error', ({ message }) => resolve({ code: 127, words: message }));
    child.on('exit', (code) => resolve({ code: code ?? 255 }));
  });
  return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, ended };
}

/** Undefined: it did not begin, for whatever reason; ssh itself can be asked, and tells why. */
export async function sessionByMux(mux: Mux, command: string): Promise<Session | undefined> {
  const channel = await mux.open('session');
  if (typeof channel === 'string') return undefined;
  const { stream, errors, closed } = channel;
  channel.ask('exec', text(command));
  return { stdin: stream, stdout: stream, stderr: errors, ended: closed.then((code = 255) => ({ code })) };
}
