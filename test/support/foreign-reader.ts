import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { findJava, kafkaJars, type Java } from '@logfold/dev-services';

/** A committed record as Kafka's own Java consumer sees it. */
export interface ForeignRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly position: bigint;
  readonly previous: bigint;
  readonly id: string;
}

const program = fileURLToPath(new URL('Records.java', import.meta.url));
const logging = fileURLToPath(new URL('../../libs/dev-services/kafka/log4j2.properties', import.meta.url));

/** Everything that is committed in a topic, each partition in order, read by a program that is not ours. */
export async function readByJava(brokers: readonly string[], topic: string): Promise<ForeignRecord[]> {
  const [java, lib] = await Promise.all([findJava(), kafkaJars('.logfold')]);
  const classes = compiled(java, lib);
  const flags = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx256m', `-Dlog4j2.configurationFile=${logging}`];
  const path = [join(lib, '*'), classes].join(delimiter);
  const child = spawn(java.program, [...flags, '-cp', path, 'Records', brokers.join(','), topic]);
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'close')) as [number | null];
  const [lines, complaints] = await said;
  if (code !== 0) throw new Error(`The Java consumer ended with ${code}: ${complaints}`);
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [partition, offset, key, position, previous, id] = line.split('\t') as [
        string,
        string,
        string,
        string,
        string,
        string,
      ];
      const numbers = { partition: Number(partition), offset: Number(offset) };
      return { ...numbers, key, position: BigInt(position), previous: BigInt(previous), id };
    });
}

/** The folder with the reader's class. It is made once for each Java and source: to compile costs more than to read. */
function compiled(java: Java, lib: string): string {
  const hash = createHash('sha256').update(java.version).update(readFileSync(program)).digest('hex').slice(0, 12);
  const folder = join(lib, '..', `reader-${hash}`);
  if (existsSync(folder)) return folder;
  const made = mkdtempSync(`${folder}-`);
  const jars = readdirSync(lib).filter((name) => name.endsWith('.jar'));
  const path = jars.map((name) => join(lib, name)).join(delimiter);
  const compiler = ['-m', 'jdk.compiler/com.sun.tools.javac.Main', '-d', made, '-cp', path, program];
  const { status, stderr } = spawnSync(java.program, compiler, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The Java consumer does not compile: ${stderr}`);
  try {
    renameSync(made, folder);
  } catch {
    rmSync(made, { recursive: true, force: true }); // another process was faster
  }
  return folder;
}
