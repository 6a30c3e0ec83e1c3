import * as z from 'zod';
import { memberAddress, routerPath } from './values-router.ts';
import { wholeNumber } from './values.ts';

const members = z.array(memberAddress).min(1, 'needs at least one server');

/** Keys of `router` that are for `l4` alone. */
export const l4 = {
  protocol: z
    .enum(['tcp', 'udp'])
    .prefault('tcp')
    .meta({ description: 'What is switched by `l4`: connections, or the flows of UDP.' }),
  old_connections: z.enum(['wait', 'close', 'cut']).prefault('wait').meta({
    description:
      'What `l4` does about connections that stay on the old slot after a switch. `wait`: leaves them until they end, or until the slot is needed. `close`: waits for `drain`, then stops the old slot gracefully, so that its clients see an orderly end. `cut`: waits for `drain`, then takes them away from the old slot, which stays up.',
  }),
  pools: z
    .strictObject({
      blue: members.meta({
        description: 'Servers of the first slot.',
        samples: [['10.0.0.11:8081', '10.0.0.12:8081']],
      }),
      green: members.meta({
        description: 'Servers of the second slot.',
        samples: [['10.0.0.11:8082', '10.0.0.12:8082']],
      }),
    })
    .optional()
    .meta({
      description:
        'Servers behind this one, for `l4`. Then `run` is what brings a release up on them: it is called here, with their addresses in CUTOVER_MEMBERS.',
    }),
  masquerade: z.boolean().prefault(false).meta({
    description:
      "For `pools` whose servers do not send their answers through this one: they see its address instead of the client's.",
  }),
  rise: wholeNumber(1, 100).prefault(2).meta({
    description: 'Checks in a row that a server of `pools` has to pass before it gets traffic again.',
  }),
  fall: wholeNumber(1, 100).prefault(3).meta({
    description:
      'Checks in a row that a server of `pools` may miss before it gets no more traffic. From the first one it is `suspect`.',
  }),
  rules: routerPath.optional().meta({
    description: "Folder, root's alone, for the rules of `l4` and the one program that may change them.",
    otherwise: '/etc/cutover/<app>',
    samples: ['/srv/root/cutover-shop'],
  }),
} as const;
