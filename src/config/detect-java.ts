import type { Facts, Folder } from './detect.ts';

/** A Maven or Gradle build, or undefined. */
export function detectJava(folder: Folder): Omit<Facts, 'adopted'> | undefined {
  const pom = folder.text('pom.xml');
  if (pom !== undefined) return javaFacts(folder, { ...mavenFacts(folder, pom), build: stripXml(pom) });
  const name = ['build.gradle', 'build.gradle.kts'].find((each) => folder.text(each) !== undefined);
  if (name === undefined) return undefined;
  const settings = folder.text('settings.gradle') ?? folder.text('settings.gradle.kts') ?? '';
  const app = /rootProject\.name\s*=\s*['"]([^'"]+)['"]/.exec(settings)?.[1] ?? folder.name;
  const build = [folder.text(name), folder.text('gradle/libs.versions.toml')]
    .join('\n')
    .replaceAll(/^\s*\/\/.*$|\/\*[^]*?\*\//gm, '');
  return javaFacts(folder, {
    app,
    artifact: 'build/libs/*.jar',
    found: `${name}: Gradle builds build/libs/*.jar`,
    build,
    several: /^\s*include\b/m.test(settings),
  });
}

interface Build {
  readonly app: string;
  readonly artifact: string;
  readonly found: string;
  /** Text of the build file without comments. */
  readonly build: string;
  /** It has several modules, one of which is the application. */
  readonly several: boolean;
}

function mavenFacts(folder: Folder, pom: string): Omit<Build, 'build'> {
  const own = stripXml(pom).replaceAll(
    /<(parent|dependencies|dependencyManagement|build|profiles|plugins)>[^]*?<\/\1>/g,
    '',
  );
  const ending = tag(own, 'packaging') === 'war' ? 'war' : 'jar';
  const artifact = `target/*.${ending}`;
  return {
    app: tag(own, 'artifactId') ?? folder.name,
    artifact,
    found: `pom.xml: Maven builds ${artifact}`,
    several: own.includes('<modules>'),
  };
}

function javaFacts(folder: Folder, { app, artifact, found, build, several }: Build): Omit<Facts, 'adopted'> {
  const boot = /spring-boot|springframework\.boot/.test(build);
  const actuator = /spring-?boot[.-]starter[.-]actuator/i.test(build.replaceAll('springBoot', 'spring-boot'));
  const server = serverOf(build);
  return {
    app,
    artifact,
    healthPath: actuator ? '/actuator/health' : undefined,
    server,
    found: [
      found,
      ...(boot ? ['Spring Boot'] : []),
      ...(actuator ? ['spring-boot-starter-actuator: health is asked at /actuator/health'] : []),
      ...(server === undefined ? [] : [`the server inside is ${server}`]),
    ],
    assumed: assumedOf(folder, artifact, several, actuator),
  };
}

function assumedOf(folder: Folder, artifact: string, several: boolean, actuator: boolean): string[] {
  return [
    ...(several
      ? [`the application is the jar in ${artifact}: there are several modules (set \`artifact\` to the one to deploy)`]
      : []),
    ...(actuator
      ? []
      : [
          'one of /actuator/health/readiness, /actuator/health, /health and /profile says whether it is healthy (set `health.path`)',
        ]),
    ...(folder.text('package.json') === undefined
      ? []
      : ['package.json belongs to the front end: the jar is deployed']),
  ];
}

/** Spring Boot uses Tomcat unless told otherwise, and Netty when there is WebFlux without the servlet starter. */
function serverOf(build: string): string | undefined {
  if (/starter-jetty/.test(build)) return 'jetty';
  if (/starter-undertow/.test(build)) return 'undertow';
  return /starter-webflux/.test(build) && !/starter-web(mvc)?\b(?!-|flux)/.test(build) ? 'netty' : undefined;
}

function stripXml(text: string): string {
  return text.replaceAll(/<!--[^]*?-->/g, '');
}

function tag(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>\\s*([^<\\s]+)\\s*</${name}>`).exec(xml)?.[1];
}
