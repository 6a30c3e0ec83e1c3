import path from 'node:path';
import { whenDeployed } from '../context.ts';
import { fine, note, warning, wrong, type Check } from '../finding.ts';
import { humanBytes } from '../../lib/duration.ts';

/** Output that goes nowhere is missed the first night it is needed. */
export const logs: Check = {
  id: 'logs',
  group: 'application',
  trap: 6,
  title: 'output is kept',
  check: whenDeployed(async ({ deployer, live, world }) => {
    const argv = await world.runtime.logs({ slot: live }, { lines: 5, follow: false });
    const { code, stdout, stderr } = await deployer.run(argv, { deadline: 5000 });
    if (code !== 0)
      return wrong(`the output of ${live} cannot be read: ${stderr.trim()}`, 'deploy again: each start makes its log');
    if (stdout.trim() === '')
      return warning(
        `the app in ${live} has written nothing yet`,
        'let it log to standard output, so that `cutover logs` shows it',
      );
    return fine(`\`cutover logs ${live}\` shows it`);
  }),
};

/** The live app's log was overwritten, or the disk filled. */
export const logSizes: Check = {
  id: 'log-size',
  group: 'server',
  trap: 20,
  title: 'size of logs',
  async check({ config, host, nginx }) {
    const sizes = await host.run([
      'sh',
      '-c',
      'du -b "$@" 2> /dev/null; :',
      'sizes',
      path.join(config.state, 'logs'),
      ...(nginx.accessLog ? [nginx.accessLog] : []),
    ]);
    const [own = 0, access = 0] = sizes.stdout.split('\n').map((line) => Number.parseInt(line, 10) || 0);
    const most = config.logSize * 2 * (config.keep + 2);
    if (own > most + 1024 ** 2)
      return warning(
        `${config.state}/logs has ${humanBytes(own)}, more than its bound of ${humanBytes(most)}`,
        'remove what is not cutover’s from it',
      );
    if (access > accessLogBound)
      return warning(
        `nginx's access log has ${humanBytes(access)}: ${nginx.accessLog ?? ''}`,
        `have logrotate look after it (copytruncate, or USR1 to nginx)`,
      );
    return fine(
      `the app ${humanBytes(own)} (at most ${humanBytes(most)})${access > 0 ? `, nginx's access log ${humanBytes(access)}` : ''}`,
    );
  },
};

const accessLogBound = 1024 ** 3;

/** CI said success, and nobody knew. */
export const lastOutcome: Check = {
  id: 'last-deployment',
  group: 'deployments',
  trap: 6,
  title: 'last deployment',
  check: whenDeployed(({ view }) => {
    const last = view.deployments.findLast(({ command }) => command === 'deploy' || command === 'rollback');
    if (!last) return note('none is recorded');
    const what = `${last.command} ${last.deployment} by ${last.by}`;
    const why = last.abort ? `: ${last.abort.what}` : '';
    if (!last.end) return note(`${what} is not finished`);
    if (last.end.outcome === 'done') return fine(`${what}: done${lost(last.end.lost)}`);
    if (last.end.outcome === 'put-back')
      return warning(`${what} was put back${why}`, `see \`cutover logs ${last.release ?? ''}\`, mend it, deploy again`);
    return wrong(`${what} ended half way${why}`, 'see `cutover status`, then `cutover recover`');
  }),
};

function lost(count: number | undefined): string {
  return count === undefined ? '' : `, ${count} requests lost`;
}
