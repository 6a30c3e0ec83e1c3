import { describe, expect, it } from 'vitest';
import { see } from './detect-support.ts';

const pom = (inside: string) =>
  `<project><parent><artifactId>spring-boot-starter-parent</artifactId></parent><artifactId>shop-web</artifactId>${inside}</project>`;

describe('Maven', () => {
  it('gives target/*.jar, the name, and the health of the actuator', async () => {
    const { config, found } = await see({
      'pom.xml': pom(
        '<dependencies><dependency><artifactId>spring-boot-starter-actuator</artifactId></dependency></dependencies>',
      ),
    });
    expect(config).toMatchObject({
      app: 'shop-web',
      artifact: '/srv/target/*.jar',
      run: undefined,
      health: { path: '/actuator/health' },
    });
    expect(found).toEqual([
      'pom.xml: Maven builds target/*.jar',
      'Spring Boot',
      'spring-boot-starter-actuator: health is asked at /actuator/health',
    ]);
  });

  it('gives target/*.war for a war', async () => {
    expect((await see({ 'pom.xml': pom('<packaging>war</packaging>') })).config.artifact).toBe('/srv/target/*.war');
  });

  it('says that it cannot know which of several modules is meant', async () => {
    const { assumed } = await see({
      'pom.xml': pom('<packaging>pom</packaging><modules><module>a</module></modules>'),
    });
    expect(assumed).toContainEqual(expect.stringContaining('there are several modules'));
  });

  it('does not believe what is in a comment', async () => {
    const { config } = await see({
      'pom.xml': pom('<!-- <artifactId>spring-boot-starter-actuator</artifactId> -->'),
    });
    expect(config.health.path).toBeUndefined();
  });

  it.each([
    ['spring-boot-starter-jetty', 'jetty'],
    ['spring-boot-starter-undertow', 'undertow'],
    ['spring-boot-starter-webflux', 'netty'],
    ['spring-boot-starter-web', 'tomcat'],
    ['spring-boot-starter-webflux</artifactId><artifactId>spring-boot-starter-web', 'tomcat'],
  ])('with %s has %s inside', async (starter, server) => {
    expect((await see({ 'pom.xml': pom(`<artifactId>${starter}</artifactId>`) })).config.upstream.server).toBe(server);
  });
});

describe('Gradle', () => {
  it('gives build/libs/*.jar and the name of the root project', async () => {
    const { config } = await see({
      'settings.gradle': "rootProject.name = 'Big_Shop'",
      'build.gradle': "implementation 'org.springframework.boot:spring-boot-starter-actuator'",
    });
    expect(config).toMatchObject({
      app: 'big-shop',
      artifact: '/srv/build/libs/*.jar',
      health: { path: '/actuator/health' },
    });
  });

  it('is understood in Kotlin and with a version catalogue', async () => {
    const { config, found } = await see({
      'build.gradle.kts': 'implementation(libs.spring.boot.starter.actuator)',
      'gradle/libs.versions.toml': 'a = { module = "org.springframework.boot:spring-boot-starter-actuator" }',
    });
    expect(config).toMatchObject({ app: 'my-shop', health: { path: '/actuator/health' } });
    expect(found[0]).toBe('build.gradle.kts: Gradle builds build/libs/*.jar');
  });
});

describe('package.json', () => {
  it.each([
    [{ scripts: { start: 'node ./server.js --x' } }, ['node', '{artifact}/server.js', '--x']],
    [
      { scripts: { start: 'node --enable-source-maps dist/main.js' } },
      ['node', '--enable-source-maps', '{artifact}/dist/main.js'],
    ],
    [
      { main: './lib/index.js', scripts: { start: 'NODE_ENV=production node x.js' } },
      ['node', '{artifact}/lib/index.js'],
    ],
    [{ main: 'app.js', scripts: { start: 'node x.js && rm -rf /' } }, ['node', '{artifact}/app.js']],
    [{ main: '../../etc/passwd' }, ['node', '{artifact}/index.js']],
    [{ main: 'a"; rm -rf {x}' }, ['node', '{artifact}/index.js']],
    [{}, ['node', '{artifact}/index.js']],
  ])('%j is started by %j', async (written, argv) => {
    const { config } = await see({ 'package.json': JSON.stringify(written) });
    expect(config).toMatchObject({
      artifact: '/srv',
      run: { argv, shell: false },
      upstream: { server: 'node' },
    });
  });

  it('that is broken is no obstacle', async () => {
    expect((await see({ 'package.json': '{', 'server.js': '' })).config).toMatchObject({
      app: 'my-shop',
      run: { argv: ['node', '{artifact}/server.js'] },
    });
  });

  it('gives the name without its scope', async () => {
    expect((await see({ 'package.json': '{"name":"@me/shop.web"}' })).config.app).toBe('shop-web');
  });

  it('beside a Java build belongs to the front end', async () => {
    const { config, assumed } = await see({ 'package.json': '{}', 'pom.xml': pom('') });
    expect(config.run).toBeUndefined();
    expect(assumed).toContain('package.json belongs to the front end: the jar is deployed');
  });
});

describe('what else is there', () => {
  it('a Dockerfile and nothing else is built and run in containers', async () => {
    const { config, found } = await see({ Dockerfile: 'FROM x' });
    expect(config).toMatchObject({ artifactKind: 'build', runtime: 'docker' });
    expect(found).toContain('Dockerfile: each release is an image, and runs in a container');
  });

  it('a Dockerfile is only mentioned', async () => {
    const { found, config } = await see({ 'pom.xml': pom(''), Dockerfile: 'FROM x' });
    expect(found).toContain(
      'Dockerfile: not used; to run containers set `artifact: { build: . }` and `runtime: docker`',
    );
    expect(config.runtime).toBe('auto');
  });

  it('an include that switches already is adopted, with its variable', async () => {
    const { config, found } = await see({
      'pom.xml': pom(''),
      'nginx/conf.d/service-url.inc': 'set $backend_url http://127.0.0.1:8081;\n',
    });
    expect(config.router).toMatchObject({ mode: 'adopted', variable: 'backend_url' });
    expect(found.at(-1)).toContain('cutover takes over $backend_url');
  });

  it('a lone jar is what is deployed', async () => {
    expect((await see({ 'shop-1.0.jar': '', 'shop-1.0-plain.jar': '' })).config.artifact).toBe('/srv/shop-1.0.jar');
  });

  it.each(['build/libs', 'target'])('a jar in %s is found, though nothing tells how it was built', async (place) => {
    const { config, found, assumed } = await see({
      [`${place}/shop-1.0.jar`]: '',
      [`${place}/shop-1.0-plain.jar`]: '',
    });
    expect(config.artifact).toBe(`/srv/${place}/*.jar`);
    expect(found[0]).toBe(`${place}/shop-1.0.jar`);
    expect(assumed.join()).not.toContain('is here');
  });

  it('nothing at all still gives a file that works, and says so', async () => {
    const { config, found, assumed } = await see({});
    expect(config.artifact).toBe('/srv/build/libs/*.jar');
    expect(found).toEqual([]);
    expect(assumed[0]).toContain('no pom.xml, build.gradle, package.json or jar is here');
  });
});
