import * as z from 'zod';
import { commandLine } from './schema-hooks.ts';
import { duration, headerName, headerValue, oneOrMore, urlPath, wholeNumber } from './values.ts';

const onlyHttp = ['path', 'status', 'body', 'header'] as const;

export const health = z
  .strictObject({
    path: urlPath.optional().meta({
      description: 'Path that is asked over HTTP on the port of the slot.',
      otherwise: 'the usual paths are tried in turn',
      samples: ['/actuator/health/readiness'],
    }),
    status: oneOrMore(wholeNumber(100, 599), 'must be a status such as 200, or a list of them')
      .optional()
      .meta({
        description: 'Status, or list of them, that counts as healthy.',
        otherwise: 'any from 200 to 299',
        samples: [200, [200, 204]],
      }),
    body: z
      .string()
      .min(1, 'is empty')
      .max(4096)
      .optional()
      .meta({
        description: 'Text that the body must contain.',
        samples: ['"status":"UP"'],
      }),
    header: z
      .record(headerName, headerValue, { error: 'must be headers: Name: value' })
      .prefault({})
      .meta({
        description: 'Headers that the answer must have, with exactly these values.',
        samples: [{ 'X-App': 'shop' }],
      }),
    tcp: z.boolean().prefault(false).meta({
      description: 'Only connects to the port, for an application that does not speak HTTP.',
    }),
    command: commandLine(['port', 'slot', 'server'])
      .optional()
      .meta({
        description:
          'Command that checks: exit code 0 is healthy. `{port}`, `{slot}` and `{server}` are filled in; the address is in `CUTOVER_ADDRESS`. It runs in the folder of this file, or over ssh in the state directory.',
        samples: ['/usr/local/bin/check-shop {port}'],
      }),
    interval: duration(1).prefault('25ms').meta({ description: 'Pause between two checks.' }),
    timeout: duration(1).prefault('2s').meta({ description: 'Longest time for one check.' }),
    deadline: duration(1)
      .prefault('100s')
      .meta({ description: 'Longest time until the release must be healthy, its start included.' }),
    successes: wholeNumber(1, 1000).prefault(3).meta({ description: 'Successful checks in a row that are needed.' }),
  })
  .superRefine((given, context) => {
    const wrong = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (given.tcp && given.command !== undefined) wrong('command', 'cannot be used together with health.tcp');
    const other = given.tcp ? 'tcp' : 'command';
    if (given.tcp || given.command !== undefined) {
      for (const key of onlyHttp) if (isSaid(given[key])) wrong(key, `cannot be used together with health.${other}`);
    }
    if (given.timeout > given.deadline) wrong('timeout', 'must not be longer than health.deadline');
  });

function isSaid(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : value !== undefined;
}
