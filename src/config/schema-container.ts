import { isIPv4 } from 'node:net';
import * as z from 'zod';
import { port, size, wholeNumber } from './values.ts';

export const serviceName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/, 'must be the name of a service: letters, digits and _ . - only');

export const engineWord = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, 'must be letters, digits and _ . - only');

const slotAddress = z.string().refine(isIPv4, 'must be an IPv4 address');

/** `name:/path`, `/path:/path:ro`: the first character keeps it from being read as an option. */
const volume = z
  .string()
  .regex(
    /^[A-Za-z0-9/][^:\p{Cc},]*:\/[^:\p{Cc},]*(:[a-zA-Z,]+)?$/u,
    'must be NAME:/path or /path:/path, with :ro behind it or not',
  );

/** What `runtime: docker` needs to know beside the image. */
export const container = z.strictObject({
  port: port.optional().meta({
    description: 'Port on which the application listens inside its container. It gets it as PORT and SERVER_PORT.',
    otherwise: 'the only one that the image exposes, else 8080',
    samples: [8080],
  }),
  pull: z.enum(['auto', 'always', 'missing', 'never']).prefault('auto').meta({
    description:
      'When the image is fetched: `always`, `missing` (only if the engine does not have it), `never`, or `auto`: always for a name with a registry in it, else only if it is missing.',
  }),
  volumes: z
    .array(volume)
    .prefault([])
    .meta({ description: 'Volumes and folders that both slots share.', samples: [['uploads:/app/uploads']] }),
  network: engineWord.optional().meta({
    description: 'Network of the engine that the container joins, for example to reach the database.',
    samples: ['backend'],
  }),
  addresses: z
    .strictObject({
      blue: slotAddress.meta({ description: 'Address of the first slot.', samples: ['172.30.0.11'] }),
      green: slotAddress.meta({ description: 'Address of the second slot.', samples: ['172.30.0.12'] }),
    })
    .optional()
    .meta({
      description:
        'Fixed addresses of both slots on `network`, which was made with a subnet. nginx then passes to them and to `port`, with no helper of the engine in between. Needed where nginx is a container with a network of its own. The slots then have no port on this machine, unless `slots` names them.',
    }),
  memory: size(6 * 1024 * 1024)
    .optional()
    .meta({ description: 'Most memory that one container may use.', samples: ['768M'] }),
  cpus: z
    .number()
    .min(0.01)
    .max(1024)
    .optional()
    .meta({ description: 'Most processors that one container may use.', samples: [1.5] }),
  init: z.boolean().prefault(true).meta({
    description: 'Runs a small first process in the container that passes signals on and collects dead children.',
  }),
  log_files: wholeNumber(1, 100).prefault(2).meta({
    description: 'Files of `log_size` that the engine keeps of the output.',
  }),
});
