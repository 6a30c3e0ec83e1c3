import type { Config } from '../../../config/config.ts';
import { exitCodes, Failure } from '../../../core/failure.ts';
import type { Host } from '../../../ports.ts';
import { helperFile, helperText } from './helper.ts';

/** What must be true before a deploy: the program that switches knows the addresses of today's configuration. */
export function l4Checks(host: Host, config: Config): readonly (() => Promise<void>)[] {
  return [
    async () => {
      const [there, wanted] = await Promise.all([host.read(helperFile(config)), helperText(config)]);
      if (there !== wanted) throw outdated(config, there !== undefined);
    },
  ];
}

function outdated(config: Config, there: boolean): Failure {
  return new Failure({
    code: 'RULES_OUTDATED',
    exit: exitCodes.configuration,
    what: there ? 'the switch was set up for other settings' : 'the switch is not set up',
    why: `${helperFile(config)} ${there ? "is not what today's configuration asks for" : 'does not exist'}`,
    fix: 'run `sudo cutover setup`; it changes the rules in one transaction and keeps the split',
  });
}
