import type { Command } from 'commander';
import { exitCodes, Failure } from '../../core/failure.ts';

/** A script for one shell, made from the commands themselves. */
export function completion(shell: string, commands: readonly Command[]): string {
  const make = { bash, zsh, fish }[shell];
  if (make) return make(commands);
  throw new Failure({
    code: 'NO_SUCH_SHELL',
    exit: exitCodes.usage,
    what: `no completion for "${shell}"`,
    fix: 'bash, zsh or fish',
  });
}

function bash(commands: readonly Command[]): string {
  const cases = commands.map((command) => `    ${command.name()}) words="${flags(command).join(' ')}" ;;`);
  return `# eval "$(cutover completion bash)"
_cutover() {
  local words="${commands.map((command) => command.name()).join(' ')}"
  [ "$COMP_CWORD" -gt 1 ] && case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _cutover cutover
`;
}

function zsh(commands: readonly Command[]): string {
  const described = commands.map((command) => `    '${command.name()}:${plain(command.description())}'`);
  const cases = commands.map((command) => `    ${command.name()}) compadd -- ${flags(command).join(' ')} ;;`);
  return `#compdef cutover
_cutover() {
  local -a commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  case $words[2] in
${cases.join('\n')}
  esac
  _files
}
compdef _cutover cutover
`;
}

function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => [
    `complete -c cutover -n __fish_use_subcommand -f -a ${command.name()} -d '${plain(command.description())}'`,
    ...command.options.map(
      (option) =>
        `complete -c cutover -n '__fish_seen_subcommand_from ${command.name()}' -l ${option.name()} -d '${plain(option.description)}'`,
    ),
  ]);
  return `${lines.join('\n')}\n`;
}

function flags(command: Command): readonly string[] {
  return command.options.flatMap(({ long }) => long ?? []);
}

/** Nothing that a quoted word of a shell, or zsh's own colon, could stumble over. */
function plain(text: string): string {
  return text.replaceAll(/[':]/g, ' ');
}
