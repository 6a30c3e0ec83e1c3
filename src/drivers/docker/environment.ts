import { exitCodes, Failure } from '../../core/failure.ts';

export interface Environment {
  /** Lines as `docker run --env-file` reads them: it knows no quotes, and so no line breaks. */
  readonly lines: string;
  /** The others, which the client takes from its own environment and only their names from its words. */
  readonly inherited: Readonly<Record<string, string>>;
}

/** What the client itself goes by. */
const clients = /^(DOCKER_|BUILDKIT_|SSH_|XDG_|LC_|LD_|GO)|^(HOME|PATH|USER|TMPDIR|LANG)$|_proxy$/i;

export function environmentOf(values: Readonly<Record<string, string>>): Environment {
  const given = Object.entries(values);
  const broken = given.filter(([, value]) => /[\r\n]/.test(value));
  const misleading = broken.find(([name]) => clients.test(name));
  if (misleading) throw lineBreak(misleading[0]);
  return {
    lines: given
      .filter((each) => !broken.includes(each))
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
    inherited: Object.fromEntries(broken),
  };
}

function lineBreak(name: string): Failure {
  return new Failure({
    code: 'CONFIG_INVALID',
    exit: exitCodes.configuration,
    what: `the variable ${name} has a line break in it`,
    why: "the engine's own command goes by a variable of this name, so it cannot be handed on",
    fix: 'put the text into a file, and the file into `container.volumes`',
  });
}
