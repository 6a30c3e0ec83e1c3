import * as z from 'zod';
import { container, serviceName } from './schema-container.ts';
import { hooks } from './schema-hooks.ts';
import { health } from './schema-health.ts';
import { progressive } from './schema-progressive.ts';
import { router, upstream } from './schema-router.ts';
import { roles, rollout, server, serverList } from './schema-servers.ts';
import { appName, domain, localPath, routerPath, userName } from './values-router.ts';
import { duration, envName, envValue, oneOrMore, port, size, text, wholeNumber } from './values.ts';

const standbyHint = 'must be keep, none, or a time such as 10m';

/** What `cutover.yaml` may say. Descriptions, defaults and examples here become the documentation and the JSON Schema. */
export const schema = z.strictObject({
  app: appName.meta({
    description:
      'Name of the application. It names the state directory, the units and what nginx reads, so it stays the same for ever.',
    samples: ['shop'],
  }),
  artifact: z
    .union(
      [
        localPath,
        z.strictObject({ build: localPath.meta({ description: 'Folder with a Dockerfile, for `docker build`.' }) }),
        z.strictObject({
          compose: localPath.meta({ description: 'A Compose file.' }),
          service: serviceName.meta({
            description: 'The one of its services that is deployed. The others are left alone.',
          }),
        }),
      ],
      { error: 'must be a path, an image, build: and a folder, or compose: and service:' },
    )
    .meta({
      description:
        'What is deployed: a jar, another file, or a folder. A pattern must match exactly one bootable jar (`-plain.jar` is skipped). Relative to the folder of this file. With `runtime: docker` an image with its tag or digest, an archive (`./shop.tar`), `build:` and a folder, or `compose:` and `service:`.',
      samples: [
        'build/libs/*.jar',
        'target/*.jar',
        '.',
        'registry.example.com/shop:1.4',
        { build: '.' },
        { compose: 'compose.yaml', service: 'web' },
      ],
    }),
  server: server.optional().meta({
    description:
      'Server that is deployed to over ssh: a name of your ssh configuration, `user@host`, or `ssh://user@host:port`. Nothing has to be installed there but the application and nginx.',
    otherwise: 'this machine',
    samples: ['deploy@shop1.example.com'],
  }),
  servers: serverList.optional().meta({
    description: 'Several servers that run the same application, deployed to in waves.',
    samples: [['shop1', 'shop2', 'shop3']],
  }),
  roles: roles.prefault({}).meta({
    description:
      'Servers by what they do. Each role is a list of servers, or `servers:` with what is different there (`run`, `env`, `health`, …). A role named `worker` has slots without a front door.',
    samples: [{ web: ['shop1', 'shop2'], worker: ['jobs1'] }],
  }),
  rollout: rollout.prefault({}).meta({ description: 'How a deploy goes through several servers.' }),
  domain: oneOrMore(domain, 'must be a host name or a list of them')
    .optional()
    .meta({
      description:
        'Host name, or list of them, that the front door answers to. The first one is used to ask it. Without one it answers to every name.',
      samples: ['shop.example.com', ['shop.example.com', 'www.shop.example.com']],
    }),
  state: routerPath.optional().meta({
    description:
      'Directory on the server that holds the releases, the slots, the journal and the lock. nginx reads the switch there.',
    otherwise: '/var/lib/cutover/<app>',
    samples: ['/srv/shop/cutover'],
  }),
  run: z
    .union([z.string(), z.array(text)], { error: 'must be a line or a list of words' })
    .optional()
    .meta({
      description:
        'How a release is started, in the foreground: a list of words, or a line that is split at spaces and quotes. `{artifact}`, `{port}`, `{slot}` and `{release}` are filled in. No shell reads it.',
      otherwise: 'java -jar {artifact}, for a jar',
      samples: ['node {artifact}/server.js', ['java', '-Xmx512m', '-jar', '{artifact}']],
    }),
  shell: z.boolean().prefault(false).meta({
    description:
      'Gives the line in `run` to `sh -c`, for pipes and variables. Begin the last command with `exec`, so that signals reach the application.',
  }),
  env: z
    .record(envName, envValue, { error: 'must be variables: NAME: value' })
    .prefault({})
    .meta({
      description: 'Environment variables of the application. For secrets use `env_file`. The port is set by cutover.',
      samples: [{ SPRING_PROFILES_ACTIVE: 'prod', TZ: 'Asia/Seoul' }],
    }),
  env_file: localPath.optional().meta({
    description:
      'File of `NAME=value` lines with the secrets of the application. Only its owner may read it (`chmod 600`). Its values are never printed.',
    samples: ['.env.production'],
  }),
  user: userName.optional().meta({
    description: 'User of the operating system that the application runs as.',
    otherwise: 'whoever deploys',
    samples: ['shop'],
  }),
  slots: z
    .strictObject({
      blue: slot(8081, 'Port of the first slot, on 127.0.0.1.'),
      green: slot(8082, 'Port of the second slot.'),
    })
    .refine(({ blue, green }) => blue !== green, {
      path: ['green'],
      error: 'must be another port than slots.blue',
    })
    .prefault({})
    .meta({
      description: 'The two places a release can run in. Each deploy goes to the one that gets no traffic.',
    }),
  health: health.prefault({}).meta({
    description:
      'When a new release counts as healthy. Without `path`, `tcp` and `command` the usual paths are tried: /actuator/health/readiness, /actuator/health, /health, /profile.',
  }),
  grace: duration().prefault('35s').meta({
    description:
      'Time between the request to stop (TERM) and the end by force (KILL). Longer than the shutdown time of the application itself.',
  }),
  drain: duration().prefault('30s').meta({
    description: 'Longest time to wait for open connections of a slot to end before it is stopped.',
  }),
  standby: z
    .union([z.literal('keep'), z.literal('none').transform(() => 0), duration(0, standbyHint)], {
      error: standbyHint,
    })
    .prefault('keep')
    .meta({
      description:
        'How long the old release stays up after a switch: `keep` it until the next deploy, `none`, or a time. While it is up, a rollback takes milliseconds.',
      samples: ['10m'],
    }),
  ...progressive,
  keep: wholeNumber(1, 1000).prefault(5).meta({
    description:
      'Number of releases kept on the server. One that runs, or that a rollback would go to, is never removed.',
  }),
  runtime: z.enum(['auto', 'process', 'systemd', 'docker']).prefault('auto').meta({
    description:
      'What keeps the application running: `process`, `systemd` units, `docker`, or `auto`: systemd where it is PID 1.',
  }),
  container: container.prefault({}).meta({ description: 'The containers of `runtime: docker`.' }),
  router: router.prefault({}).meta({ description: 'The nginx that decides which slot the public reaches.' }),
  upstream: upstream.prefault({}).meta({
    description:
      'Idle connections from nginx to the application. nginx must give them up before the application does: otherwise a request can meet a closing connection and is lost.',
  }),
  hooks: hooks.prefault({}).meta({
    description:
      'Commands that run on the server at moments of a deployment: a line, a list, or `run`, `shell` and `deadline`. One that fails ends the deployment; the traffic stays where it is safe.',
  }),
  memory: z
    .strictObject({
      check: z.boolean().prefault(true).meta({
        description: 'Refuses to start a second instance that does not fit into the free memory.',
      }),
      needed: size(1)
        .optional()
        .meta({
          description: 'Memory that one instance needs.',
          otherwise: 'what the live one uses, or its -Xmx',
          samples: ['768M'],
        }),
    })
    .prefault({})
    .meta({ description: 'What to do about the memory of the second instance.' }),
  log_size: size(4096).prefault('10M').meta({
    description: 'Output of the application kept for each release. At most twice as much is on disk.',
  }),
});

export type Written = z.output<typeof schema>;

function slot(standard: number, description: string) {
  return z
    .union([port, z.strictObject({ port: port.meta({ description: 'Port of this slot.' }) })], {
      error: 'must be a port from 1 to 65535',
    })
    .transform((given) => (typeof given === 'number' ? given : given.port))
    .prefault(standard)
    .meta({ description });
}
