import { join } from 'node:path';
import { DevServiceError } from './errors.js';
import { runToEnd } from './programs.js';

/** A Java that can run Kafka. */
export interface Java {
  /** The path or name of `java`. */
  program: string;
  /** All that it says of its version: two with the same text are the same. */
  version: string;
}

const oldest = 17;
const remedy = `install a JDK ${oldest} or newer and Maven, or set KAFKA_BROKERS to the addresses of a Kafka of yours`;

/**
 * The Java at JAVA_HOME, or else the one in the PATH.
 *
 * @throws DevServiceError `java-missing`; `java-too-old` below 17
 */
export async function findJava(): Promise<Java> {
  const home = process.env['JAVA_HOME'];
  const program = home ? join(home, 'bin', 'java') : 'java';
  const { outcome, said } = await runToEnd(program, ['-version']);
  if (outcome !== 0) {
    const where = home ? `at JAVA_HOME (${home})` : 'in the PATH';
    throw new DevServiceError('java-missing', `Kafka needs Java, and there is none ${where} (${outcome}): ${remedy}`);
  }
  const major = majorVersion(said);
  if (major < oldest) {
    throw new DevServiceError('java-too-old', `Kafka needs Java ${oldest}, and ${program} is Java ${major}: ${remedy}`);
  }
  return { program, version: said };
}

/** 17 of `openjdk version "17.0.15" 2025-04-15`, 8 of `java version "1.8.0_292"`. */
function majorVersion(said: string): number {
  return Number(/version "(?:1\.)?(\d+)/.exec(said)?.[1] ?? 0);
}
