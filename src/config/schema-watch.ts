import * as z from 'zod';
import { filled } from '../core/placeholders.ts';
import { commandLine } from './schema-hooks.ts';
import { duration, wholeNumber } from './values.ts';

const number = z.number({ error: 'must be a number' });

/** With the placeholders of `watch.metrics` in it. */
const webAddress = z.string().refine((text) => isWebAddress(text), 'must be an http:// or https:// address');

function isWebAddress(text: string): boolean {
  const address = filled(text, { port: '1', slot: 'blue', release: '1', server: 'shop1' });
  return /^https?:/i.test(address) && URL.canParse(address);
}

const metric = z
  .strictObject({
    name: z
      .string()
      .regex(/^[\w .-]{1,40}$/, 'must be a short name')
      .meta({ description: 'As it is called in messages.', samples: ['queue length'] }),
    command: commandLine()
      .optional()
      .meta({ description: 'Command on the server that prints the number.', samples: ['./queue-length.sh {port}'] }),
    url: webAddress.optional().meta({
      description: 'Address whose answer is the number, asked from the server.',
      samples: ['http://127.0.0.1:{port}/metrics/heap-percent'],
    }),
    prometheus: webAddress
      .optional()
      .meta({ description: 'Prometheus to ask for `query`.', samples: ['http://127.0.0.1:9090'] }),
    query: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .meta({
        description: 'What Prometheus is asked; its first value counts.',
        samples: ['rate(checkouts_total{slot="{slot}"}[1m])'],
      }),
    max: number.optional().meta({ description: 'More is bad.', samples: [100] }),
    min: number.optional().meta({ description: 'Less is bad.', samples: [0.5] }),
    every: duration(100).prefault('10s').meta({ description: 'Pause between two looks.' }),
    misses: wholeNumber(1, 100).prefault(2).meta({ description: 'Bad values in a row that take the release back.' }),
  })
  .superRefine((given, context) => {
    const wrong = (message: string) => context.addIssue({ code: 'custom', path: [], message });
    const ways = [given.command, given.url, given.prometheus].filter((way) => way !== undefined).length;
    if (ways !== 1) wrong('needs one of command, url and prometheus');
    if ((given.prometheus === undefined) !== (given.query === undefined)) wrong('prometheus and query go together');
    if (given.max === undefined && given.min === undefined) wrong('needs max or min');
  });

const watchOptions = z.strictObject({
  for: duration()
    .optional()
    .meta({
      description: 'How long the new release is watched when it has all the traffic.',
      otherwise: '30s with shift, else not at all',
      samples: ['1m'],
    }),
  errors: z
    .number()
    .min(0.01, 'must be from 0.01 to 50')
    .max(50, 'must be from 0.01 to 50')
    .prefault(1)
    .meta({ description: 'Percent of answers 5xx that is never held against a release.' }),
  factor: z.number().min(1, 'must be at least 1').max(100).prefault(1.5).meta({
    description: 'So many times the share of bad answers of the old release is not worse.',
  }),
  slower: z
    .number()
    .refine((times) => times === 0 || times > 1, 'must be more than 1, or 0')
    .prefault(2)
    .meta({
      description:
        'An answer is slow that took so many times what 95 % of the old ones take, and 50 ms more; 0 does not look.',
    }),
  slow: z.number().min(1, 'must be from 1 to 50').max(50, 'must be from 1 to 50').prefault(10).meta({
    description: 'Percent of slow answers that is never held against a release.',
  }),
  settle: duration().prefault('10s').meta({
    description: 'Time after its first traffic in which slowness is not held against a release.',
  }),
  requests: wholeNumber(0, 1_000_000_000).prefault(20).meta({
    description: 'Answers that a verdict needs. With fewer in a stage, `quiet` decides.',
  }),
  quiet: z.enum(['wait', 'pass', 'fail']).prefault('pass').meta({
    description:
      'What becomes of a stage with too little traffic: `wait` for more (at most `longest`), `pass` with a note, or `fail`.',
  }),
  longest: duration().prefault('10m').meta({ description: 'Longest time that `quiet: wait` waits in a stage.' }),
  misses: wholeNumber(1, 100).prefault(3).meta({
    description: 'Health checks that fail, of the last ten, which take the release back.',
  }),
  metrics: z.array(metric, { error: 'must be a list' }).prefault([]).meta({
    description:
      'A list of numbers of your own, each from one of `command`, `url` and `prometheus`. In them and in `query`, `{port}`, `{slot}`, `{release}` and `{server}` of the new release are filled in.',
    section: true,
  }),
});

export const watch = z.union(
  [duration().transform((time) => ({ ...watchOptions.parse({}), for: time })), watchOptions],
  {
    error: 'must be a time such as 1m, or for:, errors:, slower:, quiet: and the like',
  },
);
