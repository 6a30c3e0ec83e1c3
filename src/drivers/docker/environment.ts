import { Failure } from '../../core/failure.ts';

/** Lines as `docker run --env-file` reads them: it knows no quotes, and so no line breaks. */
export function environmentLines(values: Readonly<Record<string, string>>): string {
  const broken = Object.entries(values).find(([, value]) => /[\n\r\0]/.test(value));
  if (broken)
    throw new Failure({
      code: 'CONFIG_INVALID',
      exit: 3,
      what: `the variable ${broken[0]} has a line break in it`,
      why: 'the engine reads variables line by line',
      fix: 'put the text into a file, and the file into `container.volumes`',
    });
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
