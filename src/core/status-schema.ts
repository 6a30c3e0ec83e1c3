import * as z from 'zod';
import type { FleetStatus } from './fleet-status.ts';
import type { Status } from './status.ts';

/**
 * The contract of `status --json`: `schema/status.schema.json` and the tests come from here. No
 * command loads it. A change that a reader could notice takes a new `version`.
 */
const slot = z.enum(['blue', 'green']);
const percent = z.int().min(0).max(100);
const port = z.int().min(1).max(65_535);
const count = z.int().nonnegative();
const time = z.iso.datetime();

const slotStatus = z
  .strictObject({
    state: z.enum(['live', 'canary', 'standby', 'starting', 'stopped', 'failed']).meta({
      description:
        '`live`: gets the traffic. `canary`: the new release, which gets a part of it. `standby`: runs and gets none, a rollback goes there at once. `starting`: runs and does not listen yet, or is being deployed. `stopped`: holds nothing that should run. `failed`: should run and does not.',
    }),
    release: z.string().nullable().meta({ description: 'Release in the slot: of its process, else of the record.' }),
    port: port.meta({ description: 'Port of the slot on 127.0.0.1.' }),
    pid: z.int().positive().nullable().meta({ description: 'Process id of the application.' }),
    since: time.nullable().meta({ description: 'Since when the process runs, ISO 8601.' }),
    restarts: count.meta({ description: 'Times it was started again after a crash.' }),
    memory: count.nullable().meta({ description: 'Resident bytes of all its processes.' }),
    connections: count.nullable().meta({
      description: 'Open connections of clients to the slot, by connection tracking; null: the router is not `l4`.',
    }),
    streams: count.nullable().meta({
      description: 'WebSockets and event streams that are open to the slot; null: they cannot be told apart.',
    }),
    waiting: count.nullable().meta({
      description: 'Requests that the slot has not answered yet, streams apart; null: unknown.',
    }),
    detail: z.string().nullable().meta({ description: 'Why it is not as it should be, for people.' }),
  })
  .meta({ id: 'slot' });

const agreement = z
  .union([
    z.literal(true),
    z.strictObject({
      records: z.string().meta({ description: 'Slot that the records say is live, or `nothing`.' }),
      router: z.string().meta({
        description: 'Slot that the router sends the traffic to, `both`, or `nobody` when its rules are gone.',
      }),
      frontDoor: z.string().meta({ description: 'Slot that answered at the front door, or what came back instead.' }),
      differences: z.array(z.string()).min(1).meta({ description: 'What they contradict each other in, for people.' }),
    }),
  ])
  .meta({ description: 'True, or what each of the three witnesses says.' });

export const statusSchema = z
  .strictObject({
    version: z.literal(3).meta({ description: 'Version of this document.' }),
    app: z.string().meta({ description: 'Name of the application.' }),
    live: slot.nullable().meta({ description: 'Slot that gets the traffic; null before the first deploy.' }),
    split: z
      .strictObject({ blue: percent, green: percent })
      .meta({ description: 'Percent of the traffic per slot, from the router itself.' }),
    agreement,
    frontDoor: z
      .strictObject({
        slot: slot.nullable().meta({ description: 'Slot that answered; null: none of ours.' }),
        status: z.int().nullable().meta({ description: 'HTTP status; null: no answer came.' }),
        detail: z.string().meta({ description: 'What was asked and what came back, for people.' }),
      })
      .meta({ description: 'Answer to one request the way the public goes.' }),
    slots: z.strictObject({ blue: slotStatus, green: slotStatus }),
    liveSince: z
      .strictObject({
        at: time,
        by: z.string().meta({ description: '`user@host`.' }),
        command: z.string().meta({ description: '`deploy` or `rollback`.' }),
        message: z.string().nullable(),
      })
      .nullable()
      .meta({ description: 'Who made the live release live, and when.' }),
    deployment: z
      .strictObject({
        id: z.string(),
        command: z.string(),
        by: z.string(),
        at: time,
        step: z.string().nullable().meta({ description: 'Step it is at; null: before the first.' }),
        running: z.boolean().meta({ description: 'False: it was interrupted, and `cutover recover` puts it right.' }),
      })
      .nullable()
      .meta({ description: 'The deployment that is not finished, or null.' }),
    releases: z.array(z.string()).meta({ description: 'Releases on the server, oldest first.' }),
    failovers: z
      .strictObject({
        requests: count.meta({ description: 'Requests that it answered.' }),
        seconds: count.meta({ description: 'Seconds in which there was one.' }),
        last: z.string().meta({ description: 'When the last one was, as the log writes it.' }),
      })
      .nullable()
      .meta({
        description:
          'What the standby answered since the last deployment, because the live release could not; null: nothing.',
      }),
    next: z.string().meta({ description: 'What to type next, for people.' }),
  })
  .meta({ title: 'cutover status --json' }) satisfies z.ZodType<Status>;

const failure = z.strictObject({
  code: z.string().meta({ description: 'Stable name, e.g. `UNREACHABLE`.' }),
  what: z.string(),
  why: z.string().optional(),
  fix: z.string().optional(),
});

const serverStatus = z.strictObject({
  name: z.string().meta({ description: 'As in cutover.yaml, without user, scheme and port.' }),
  role: z.string().nullable(),
  status: statusSchema.nullable().meta({
    description:
      'As `cutover status --json --only NAME`, but without memory and without a look at who holds the ports; null: no answer.',
  }),
  digest: z.string().nullable().meta({ description: 'Of the live release, `sha256:…`.' }),
  configuration: z.string().nullable().meta({
    description: 'Tells configurations apart: of the deploy that made the live release.',
  }),
  failure: failure.nullable().meta({ description: 'Why it could not be asked, or null.' }),
});

export const fleetStatusSchema = z
  .strictObject({
    version: z.literal(1).meta({ description: 'Version of this document.' }),
    app: z.string(),
    servers: z.array(serverStatus).meta({ description: 'In the order of cutover.yaml.' }),
    differences: z.array(z.string()).meta({
      description: 'What is not the same on all servers of a role, for people; empty: all are alike.',
    }),
  })
  .meta({ title: 'cutover status --json, with several servers' }) satisfies z.ZodType<FleetStatus>;

export function fleetStatusJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(fleetStatusSchema);
}

export function statusJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(statusSchema);
}
