import { exitCodes, Failure } from '../../core/failure.ts';
import { setUp } from '../../core/setup.ts';
import { describe, type Deployer } from '../../core/setup-action.ts';
import { removeSetup } from '../../core/setup-remove.ts';
import type { Config } from '../../config/config.ts';
import type { Host, SetupAction } from '../../ports.ts';
import { composeSetup, hostOf } from '../compose.ts';
import { eachServer } from '../each-server.ts';
import type { MainOptions } from '../main-options.ts';
import { targetsOf } from '../targets.ts';
import { accountOf, ownerOf } from '../owner.ts';

interface Options extends MainOptions {
  print?: boolean;
  remove?: boolean;
  owner?: string;
  login?: string;
}

export default async function setupCommand(options: Options): Promise<number> {
  return eachServer(await targetsOf(options), options, (config) => setUpOne(config, options));
}

async function setUpOne(config: Config, options: Options): Promise<void> {
  const host = await hostOf(loginOf(config, options.login), { elevated: true });
  const owner =
    options.owner ??
    (await ownerSoFar(host, config.state)) ??
    host.me.sudoUser ??
    (await usualUser(config, options.login));
  const deployer = await deployerOf(host, owner);
  const { world, actions } = await composeSetup(host, config, deployer, (line) => process.stderr.write(`  ${line}\n`));
  if (options.remove) return remove();
  const planned = await actions();
  if (options.print) return void process.stdout.write(planned.map(printed).join('\n'));
  const count = await setUp(world, planned);
  process.stdout.write(
    count === 0
      ? `${config.app} is set up already; nothing was changed.\n`
      : `${config.app} is set up. Next, as ${deployer.name}: \`cutover deploy\`.\n`,
  );

  async function remove(): Promise<void> {
    await mustBeDown(host, config.state);
    await removeSetup(world);
    process.stdout.write(`Everything of ${config.app} is gone; what it had replaced is back.\n`);
  }
}

async function usualUser(config: Config, login: string | undefined): Promise<string | undefined> {
  return login === undefined ? undefined : (await hostOf(config)).me.user;
}

/** The same server by another login, for those whose own may not become root. */
function loginOf(config: Config, login: string | undefined): Config {
  if (login === undefined || !config.server) return config;
  const address = config.server.address.replace(/^(ssh:\/\/)?(?:[^@]*@)?/, `$1${login}@`);
  return { ...config, server: { ...config.server, address } };
}

/** Before the first set-up a folder of the state may be there already: an engine makes what it is to mount, as root. */
async function ownerSoFar(host: Host, state: string): Promise<string | undefined> {
  const { code } = await host.run(['test', '-e', `${state}/setup.json`]);
  return code === 0 ? (await ownerOf(host, state))?.name : undefined;
}

async function deployerOf(host: Host, named = host.me.user): Promise<Deployer> {
  const found = await accountOf(host, named);
  if (found) return found;
  throw new Failure({
    code: 'NO_SUCH_USER',
    exit: exitCodes.usage,
    what: `there is no user ${named}`,
    fix: 'create it first, or name another with --owner',
  });
}

/** A slot that runs has its link. */
async function mustBeDown(host: Host, state: string): Promise<void> {
  const { code } = await host.run([
    'sh',
    '-c',
    '[ -L "$1/slots/blue/release" ] || [ -L "$1/slots/green/release" ]',
    'is-up',
    state,
  ]);
  if (code !== 0) return;
  throw new Failure({
    code: 'STILL_UP',
    exit: exitCodes.usage,
    what: 'a release still runs, so nothing was removed',
    fix: 'stop it first: `cutover down`',
  });
}

function printed(action: SetupAction): string {
  if ('argv' in action) return `${describe(action)}\n${indented(`$ ${action.argv.slice(0, 12).map(shown).join(' ')}`)}`;
  if (action.kind !== 'file') return `${describe(action)}\n`;
  const content =
    action.mode === 0o600 ? '(secret)' : action.content.replaceAll(/(\/\.cutover\/)[0-9a-f]+/g, '$1(secret)');
  return `${describe(action)}\n${indented(content)}`;
}

/** A word as it could be typed; a whole script is shortened to its first line. */
function shown(word: string): string {
  const [first = '', ...more] = word.trim().split('\n');
  return more.length > 0 ? `'${first} …'` : word;
}

function indented(text: string): string {
  return `${text.trimEnd().replaceAll(/^/gm, '    ')}\n`;
}
