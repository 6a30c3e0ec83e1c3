import type { Failure } from '../../core/failure.ts';
import type { Paint } from './paint.ts';

const width = 78;

/** What happened, why, where the traffic is, what was left, what to type. */
export function failureText({ fields, cause }: Failure, paint: Paint): string {
  const gap = Math.max(2, width - fields.what.length - fields.code.length - 2);
  const rows = (['why', 'traffic', 'left', 'fix'] as const).flatMap((name) => row(name, fields[name], paint));
  const stack =
    cause instanceof Error && fields.code === 'BUG'
      ? [`\n${cause.stack ?? ''}`, 'This is a bug in cutover. Please report it with the lines above.']
      : [];
  return [
    `${paint.red('✗')} ${paint.bold(fields.what)}${' '.repeat(gap)}${paint.dim(fields.code)}`,
    ...rows,
    ...stack,
    '',
  ].join('\n');
}

function row(name: string, text: string | undefined, paint: Paint): readonly string[] {
  if (!text) return [];
  return [`  ${paint.dim(name.padEnd(8))} ${text.replaceAll('\n', `\n${' '.repeat(11)}`)}`];
}
