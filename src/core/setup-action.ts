import type { Config } from '../config/config.ts';
import type { Check } from './world.ts';
import type { FrontDoorAnswer, Host, Router, SetupAction, SetupCommand } from '../ports.ts';

/** Fifty milliseconds apart. */
const frontDoorTries = 100;
/** Workers of before a reload answer beside the new ones for a moment, so that one answer says little. */
const alikeInARow = 3;

export type Thing = Exclude<SetupAction, SetupCommand>;

/** The user who deploys after the set-up, and to whom the state belongs. */
export interface Deployer {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

export interface SetupWorld {
  config: Config;
  host: Host;
  router: Router;
  deployer: Deployer;
  /** What the drivers know to check; each rejects with a failure. */
  checks: readonly Check[];
  /** Told before each action, and what becomes of it. */
  report: (line: string) => void;
}

/** A reload takes effect later than it returns, so the front door is asked until it stays as it should be; its last answer. */
export async function settledFrontDoor(
  { router, host }: SetupWorld,
  isSo: (answer: FrontDoorAnswer) => boolean,
): Promise<FrontDoorAnswer> {
  let answer = await router.ask();
  let alike = 0;
  for (let attempt = 1; attempt < frontDoorTries; attempt++) {
    alike = isSo(answer) ? alike + 1 : 0;
    if (alike === alikeInARow) return answer;
    await host.run(['sleep', '0.05']);
    answer = await router.ask();
  }
  return answer;
}

export function isCommand(action: SetupAction): action is SetupCommand {
  return 'argv' in action;
}

export async function filtered<T>(items: readonly T[], test: (item: T) => Promise<boolean>): Promise<readonly T[]> {
  const kept = await Promise.all(items.map(test));
  return items.filter((_, index) => kept[index]);
}

export function asWho({ deployer, host }: SetupWorld, { argv, asDeployer }: SetupCommand): readonly string[] {
  if (!asDeployer || host.me.uid === deployer.uid) return argv;
  return ['runuser', '-u', deployer.name, '--', 'env', `XDG_RUNTIME_DIR=/run/user/${deployer.uid}`, ...argv];
}

/** One line for people. */
export function describe(action: SetupAction): string {
  if (isCommand(action)) return `${action.kind.padEnd(7)} ${action.why}`;
  if (action.kind === 'link') return `link    ${action.path} -> ${action.target}  ${action.why}`;
  if (action.kind === 'marker') return `marker  ${action.path}  ${action.why}`;
  const mode = ` (${action.mode.toString(8)}${action.owner === 'deployer' ? ', yours' : ''})`;
  return `${action.kind === 'directory' ? 'folder ' : action.kind.padEnd(7)} ${action.path}${mode}  ${action.why}`;
}
