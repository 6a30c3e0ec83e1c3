import * as z from 'zod';
import { engineWord } from './schema-container.ts';
import { l4 } from './schema-l4.ts';
import { address, bodySize, frontDoor, routerPath, variableName } from './values-router.ts';
import { duration, oneOrMore, wholeNumber } from './values.ts';

const addresses = 'must be a port, an address:port, or a list of them';

const tls = z.strictObject({
  certificate: routerPath.meta({
    description: 'Certificate with its chain, PEM.',
    samples: ['/etc/letsencrypt/live/shop.example.com/fullchain.pem'],
  }),
  key: routerPath.meta({
    description: 'Private key of the certificate, PEM.',
    samples: ['/etc/letsencrypt/live/shop.example.com/privkey.pem'],
  }),
  listen: oneOrMore(address, addresses)
    .refine((list) => list.length > 0, 'needs at least one address')
    .prefault(443)
    .meta({ description: 'Port, `address:port`, or list of them, for HTTPS and HTTP/2.' }),
  redirect: z.boolean().prefault(true).meta({ description: 'Sends plain HTTP to HTTPS.' }),
});

export const router = z
  .strictObject({
    mode: z.enum(['managed', 'adopted', 'classic', 'l4', 'none']).prefault('managed').meta({
      description:
        'Who switches, and how. `managed`: cutover writes a site of nginx of its own. `adopted`: your server block stays and names `variable`; no reload on a deploy. `classic`: the same with a rewritten include file and a reload. `l4`: no nginx, the kernel sends each new connection to the live slot. `none`: no traffic at all, as for a worker; the new release is started, proven healthy, and the old one is stopped. `router: l4` is short for `router: {mode: l4}`, and so is `router: none`.',
    }),
    container: engineWord.optional().meta({
      description:
        'Running container that nginx is in. `binary`, `conf`, `prefix`, `pid`, `sites`, `include` and the paths of `tls` are then paths inside it; the folders with the site and with the switch must be mounted there.',
      otherwise: 'nginx runs on this machine itself',
      samples: ['edge'],
    }),
    binary: routerPath.prefault('nginx').meta({ description: 'The nginx program.' }),
    conf: routerPath.prefault('/etc/nginx/nginx.conf').meta({ description: 'Main configuration file of nginx.' }),
    prefix: routerPath.optional().meta({
      description: 'Prefix of nginx (its `-p`).',
      otherwise: 'the one that was compiled in',
      samples: ['/opt/nginx'],
    }),
    sites: routerPath.optional().meta({
      description: 'Directory that nginx includes inside `http`, where our site goes.',
      otherwise: 'sites-enabled if nginx reads it, else conf.d',
      samples: ['/etc/nginx/conf.d'],
    }),
    pid: routerPath.prefault('/run/nginx.pid').meta({ description: 'File in which nginx keeps its process id.' }),
    listen: oneOrMore(address, addresses)
      .prefault(80)
      .meta({
        description:
          'Port, `address:port`, or list of them, for plain HTTP. `[]` with `tls` is HTTPS only. With `l4` the public address and port; a port alone is that port on every address of this machine.',
        samples: [['127.0.0.1:8080', '[::1]:8080']],
      }),
    include: routerPath.prefault('/etc/nginx/conf.d/service-url.inc').meta({
      description: 'Include file inside your server block, for `adopted` and `classic`.',
    }),
    variable: variableName.prefault('service_url').meta({
      description: 'Variable that your `proxy_pass` names, without `$`, for `adopted` and `classic`.',
    }),
    tls: tls.optional().meta({ description: 'HTTPS with your certificate, for `managed`.' }),
    front_door: frontDoor.optional().meta({
      description: 'Address at which cutover asks the front door which slot answers.',
      otherwise: 'from listen',
      samples: ['http://127.0.0.1:80'],
    }),
    failover: z.boolean().prefault(true).meta({
      description:
        'When the live release dies, nginx sends requests to the standby for as long as there is one. Requests that change something are never sent twice.',
    }),
    max_body: bodySize.prefault('0').meta({
      description: 'Largest request body, as nginx writes it (`10m`). 0 leaves the limit to the application.',
      samples: ['100m'],
    }),
    ...l4,
  })
  .superRefine((given, context) => {
    if (given.listen.length === 0 && given.tls === undefined)
      context.addIssue({
        code: 'custom',
        path: ['listen'],
        message: 'needs at least one address without router.tls',
      });
    const seen = new Set<string>();
    const places = [
      ...given.listen.map((at) => ({ at, path: ['listen'] })),
      ...(given.tls?.listen ?? []).map((at) => ({ at, path: ['tls', 'listen'] })),
    ];
    for (const { at, path } of places) {
      // What is no address at all has been told already, and is here as it was written.
      const whole = String(at).replace(/^\*:/, '');
      if (seen.has(whole)) context.addIssue({ code: 'custom', path, message: `names ${at} a second time` });
      seen.add(whole);
    }
  });

export const upstream = z.strictObject({
  server: z
    .enum(['tomcat', 'jetty', 'undertow', 'netty', 'node', 'other'])
    .optional()
    .meta({
      description: 'Server inside the application. It decides the three values below.',
      otherwise: 'tomcat for a jar, node when run begins with node, else other',
      samples: ['tomcat'],
    }),
  keepalive: wholeNumber(0, 10_000)
    .optional()
    .meta({
      description: 'Idle connections that each nginx worker keeps; 0 keeps none.',
      otherwise: '32; 0 for other',
      samples: [32],
    }),
  requests: wholeNumber(1, 1_000_000_000)
    .optional()
    .meta({
      description: 'Requests after which nginx closes a connection. Below the limit of the application.',
      otherwise: '90 for tomcat, else 1000',
      samples: [90],
    }),
  idle: duration(1)
    .optional()
    .meta({
      description: 'Idle time after which nginx closes a connection. Below the limit of the application.',
      otherwise: '4s; node 3s, other 2s',
      samples: ['10s'],
    }),
});
