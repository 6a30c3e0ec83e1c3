import { hostname, userInfo } from 'node:os';

/** People behind a job of CI, by the variables that these set. */
const people = ['GITHUB_ACTOR', 'GITLAB_USER_LOGIN', 'BUILD_USER_ID'] as const;

/** `user@host` of whoever gives the command; in CI the person who started the job. */
export function whoWeAre(): string {
  const person = process.env['CI'] ? people.map((name) => process.env[name]).find(Boolean) : undefined;
  return `${person?.replaceAll(/[^\w.@-]/g, '_') ?? userInfo().username}@${hostname()}`;
}
