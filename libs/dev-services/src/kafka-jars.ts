import { randomUUID } from 'node:crypto';
import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DevServiceError } from './errors.js';
import { serviceHome } from './home.js';
import { withLock } from './lock.js';
import { runToEnd } from './programs.js';

/** Says which jars; kept beside them, to tell those of another version. */
const pom = fileURLToPath(new URL('../kafka/pom.xml', import.meta.url));
const fetchMs = 600_000;

/**
 * The directory `kafka/lib` below `home` with Kafka's jars. When they are not there Maven fetches them: 44 MB, some 8 s.
 * That happens in a directory beside it which gets its name at the end.
 *
 * @throws DevServiceError `maven-missing`, `maven-failed`
 */
export async function kafkaJars(home: string): Promise<string> {
  const place = serviceHome(join(home, 'kafka'), undefined);
  const lib = join(place, 'lib');
  if (isComplete(lib)) return lib;
  await withLock(place, async () => isComplete(lib) || fetchJars(place, lib), fetchMs);
  return lib;
}

function isComplete(lib: string): boolean {
  try {
    return readFileSync(join(lib, 'pom.xml'), 'utf8') === readFileSync(pom, 'utf8');
  } catch {
    return false;
  }
}

async function fetchJars(place: string, lib: string): Promise<void> {
  for (const name of readdirSync(place)) {
    if (name.startsWith('lib')) rmSync(join(place, name), { recursive: true, force: true, maxRetries: 5 });
  }
  const side = join(place, `lib.new-${randomUUID()}`);
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${side}`];
  const { outcome, said } = await runToEnd('mvn', ['-q', '-B', '-f', pom, ...goal], {
    timeout: fetchMs,
    shell: process.platform === 'win32', // there it is a script
  });
  if (outcome === 'ENOENT') {
    throw new DevServiceError(
      'maven-missing',
      'Kafka is fetched by Maven, and there is no mvn in the PATH: install Maven, or set KAFKA_BROKERS to the addresses of a Kafka of yours',
    );
  }
  if (outcome !== 0) {
    rmSync(side, { recursive: true, force: true });
    throw new DevServiceError(
      'maven-failed',
      `Maven could not fetch Kafka (it ended with ${outcome}): see to its network and settings, or set KAFKA_BROKERS to the addresses of a Kafka of yours\n${said}`,
    );
  }
  copyFileSync(pom, join(side, 'pom.xml'));
  renameSync(side, lib);
}
