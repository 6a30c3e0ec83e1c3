import * as z from 'zod';
import { hook } from './schema-hooks.ts';
import { duration, oneOrMore, wholeNumber } from './values.ts';

const serverHint = 'must be a name or address as ssh takes it: shop1, deploy@shop1, ssh://deploy@shop1:2222';

/** Given to ssh as one word, which must not look like an option of it. */
const place = /^(?:ssh:\/\/)?(?:[A-Za-z0-9_][\w.-]*@)?(?:[A-Za-z0-9_][\w.-]*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

export const server = z
  .string({ error: serverHint })
  .max(300)
  .regex(place, serverHint)
  .refine((written) => written.startsWith('ssh://') || !/:\d+$/.test(written), {
    error: 'needs ssh:// before it for a port: ssh://deploy@shop1:2222',
  });

export const serverList = oneOrMore(server, 'must be a server or a list of them').refine((list) => list.length > 0, {
  error: 'needs at least one server',
});

/** What a role says beside its servers is read as the rest of the file is; see `roles.ts`. */
export const roles = z.record(
  z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be small letters, digits and "-"'),
  z.union([serverList, z.looseObject({ servers: serverList })], {
    error: 'must be a list of servers, or servers: and what is different there',
  }),
  { error: 'must be roles with their servers: web: [shop1, shop2]' },
);

/** A slot, and with it a port, is of one server only; so is where its copy of the artifact lies. */
const ofServer = ['server', 'release'];

const waveHint = 'must be one, a number of servers, or a share such as 25%';

const wave = z.union(
  [
    z.literal('one').transform(() => ({ count: 1 })),
    wholeNumber(1, 10_000).transform((count) => ({ count })),
    z
      .string()
      .regex(/^(?:100|[1-9]\d?)%$/, waveHint)
      .transform((share) => ({ percent: Number.parseInt(share, 10) })),
  ],
  { error: waveHint },
);

export const rollout = z.strictObject({
  waves: oneOrMore(wave, waveHint)
    .prefault(['one', '100%'])
    .meta({
      description:
        'How many servers at a time: `one`, a number, or a share of all. Servers of a wave are deployed to together; the next wave begins when all of them are done. What is left after the last one is a wave of its own.',
      samples: [['one', '25%', '50%', '100%']],
    }),
  watch: duration().prefault('10s').meta({
    description:
      'How long the first wave is watched before the next one begins: its front doors are asked, its processes looked at, and answers 5xx counted.',
  }),
  on_failure: z.enum(['back', 'stop']).prefault('back').meta({
    description:
      'What becomes of servers that had switched when another one fails. `back`: all go back to the release they had. `stop`: they stay on the new one, and which ones is told.',
  }),
  before_server: hook(ofServer)
    .optional()
    .meta({
      description:
        'Command that runs where `cutover` was called, before a server’s turn: takes it out of a balancer in front of it, for example. `{server}` and `{release}` are filled in.',
      samples: ['cutover members -c balancer.yaml drain {server}:80'],
    }),
  after_server: hook(ofServer)
    .optional()
    .meta({
      description: 'The same, after a server’s turn, however it ended.',
      samples: ['cutover members -c balancer.yaml ready {server}:80'],
    }),
});
