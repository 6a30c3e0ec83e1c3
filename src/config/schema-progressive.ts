import * as z from 'zod';
import { watch } from './schema-watch.ts';
import { localPath } from './values-router.ts';
import { duration, headerName, headerValue, oneOrMore, urlPath, wholeNumber } from './values.ts';

/* How a release gets its traffic: warmed up, in stages, watched. */

const percentHint = 'must be a whole percent from 0 to 100';
const stageHint = `${percentHint}, or percent: with for:, requests: or hold:`;
const percent = z.int({ error: percentHint }).min(0, percentHint).max(100, percentHint);

const stage = z.union(
  [
    percent.transform((share) => ({ percent: share })),
    z.strictObject({
      percent: percent.meta({ description: 'Share of the clients that the new release gets. 0: previews alone.' }),
      for: duration()
        .optional()
        .meta({ description: 'How long.', otherwise: 'shift.for', samples: ['10m'] }),
      requests: wholeNumber(0, 1_000_000_000)
        .optional()
        .meta({ description: 'Requests that it must have answered.', otherwise: 'shift.requests' }),
      hold: z.boolean().prefault(false).meta({ description: 'Stays there until `cutover promote`.' }),
    }),
  ],
  { error: stageHint },
);

const stages = z
  .array(stage, { error: 'must be a list of percents' })
  .min(1, 'needs at least one stage')
  .refine((list) => list.at(-1)?.percent === 100, 'must end with 100')
  .refine(
    (list) => list.every(({ percent: share }, at) => at === 0 || share > (list[at - 1]?.percent ?? 0)),
    'must grow from stage to stage',
  );

const sticky = z.union(
  [
    z.enum(['cookie', 'address', 'none']),
    z.strictObject({ header: headerName.meta({ description: 'Request header that tells clients apart.' }) }),
  ],
  { error: 'must be cookie, address, none, or header: and its name' },
);

const shift = z.union(
  [
    stages.transform((list) => ({ stages: list, for: 60_000, requests: 0, sticky: 'cookie' as const })),
    z.strictObject({
      stages: stages.meta({
        description: 'Percents, growing to 100: numbers, or `percent:` with `for:`, `requests:` and `hold:`.',
        samples: [[1, 5, 25, 50, 100]],
      }),
      for: duration().prefault('60s').meta({ description: 'How long each stage lasts, if it says nothing itself.' }),
      requests: wholeNumber(0, 1_000_000_000)
        .prefault(0)
        .meta({ description: 'Requests that the new release must have answered in each stage.' }),
      sticky: sticky.prefault('cookie').meta({
        description:
          'What keeps a client on its release while the percentage grows: a `cookie` of ours (only set while traffic is shared), its `address`, a request `header:`, or `none`.',
        samples: [{ header: 'X-Customer' }],
      }),
    }),
  ],
  { error: 'must be a list of percents such as [1, 5, 25, 50, 100], or stages: with for:, requests: and sticky:' },
);

const warmup = z.strictObject({
  paths: oneOrMore(urlPath, 'must be a path or a list of them')
    .prefault([])
    .meta({
      description: 'Paths that are asked for, one after another.',
      samples: [['/', '/products']],
    }),
  replay: wholeNumber(0, 100_000)
    .prefault(0)
    .meta({
      description: 'Takes the last so many GET and HEAD requests of the front door’s log.',
      samples: [500],
    }),
  skip: oneOrMore(z.string().min(1).max(500), 'must be a pattern or a list of them')
    .prefault([])
    .meta({
      description: 'Paths that are not replayed; `*` stands for anything.',
      samples: [['/logout', '/reports/*']],
    }),
  skip_hosts: oneOrMore(z.string().min(1).max(255), 'must be a host or a list of them')
    .prefault([])
    .meta({
      description: 'Hosts whose requests are not replayed.',
      samples: [['admin.example.com']],
    }),
  headers: z
    .record(headerName, headerValue, { error: 'must be headers: Name: value' })
    .prefault({})
    .meta({
      description:
        'Headers of every request. Nothing else is sent but `Host` and what the front door adds: nobody’s cookies, authorization or agent.',
      samples: [{ 'Accept-Encoding': 'gzip' }],
    }),
  user_agent: z.boolean().prefault(false).meta({ description: 'Replays the browser’s `User-Agent` too.' }),
  parallel: wholeNumber(1, 100).prefault(2).meta({
    description: 'Requests at a time. More take the processor from the compiler that they are sent for.',
  }),
  deadline: duration(1)
    .prefault('30s')
    .meta({ description: 'Longest time. What is under way then has a second more to be answered.' }),
  required: z.boolean().prefault(false).meta({
    description: 'A release that has not settled by then, or answers 5xx, is not deployed.',
  }),
});

const preview = z.strictObject({
  secret_file: localPath.prefault('.preview-secret').meta({
    description: 'File that holds the secret: 16 letters, digits, "-" or "_", or more. Only its owner may read it.',
  }),
  header: headerName.prefault('X-Cutover-Preview').meta({ description: 'Header that carries the secret.' }),
  cookie: z
    .string()
    .regex(/^[a-z0-9_]{1,60}$/, 'must be small letters, digits and "_"')
    .prefault('cutover_preview')
    .meta({ description: 'Cookie that carries it, for a browser.' }),
});

export const progressive = {
  warmup: warmup.optional().meta({
    description:
      'Requests that the new release gets before anybody else’s, until it is as quick as it will be: the latencies of its answers no longer fall.',
    otherwise: 'none',
  }),
  shift: shift.optional().meta({
    description:
      'Moves the traffic in stages: percents of the clients, for a time or a number of requests each, watched. A list alone is `stages`. `cutover promote`, `pause` and `abort` act on a deploy that is under way.',
    otherwise: 'all at once',
    samples: [[1, 5, 25, 50, 100]],
    section: true,
  }),
  watch: watch.prefault({}).meta({
    description:
      'Compares the new release with the old one after each stage, from the front door’s log, and takes it back when it is worse. A time alone is `for`.',
    samples: ['1m'],
    section: true,
  }),
  preview: preview.optional().meta({
    description: 'Lets those who know a secret reach the idle slot through the front door, before anyone else does.',
    otherwise: 'nobody',
  }),
};
