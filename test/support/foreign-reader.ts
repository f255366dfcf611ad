import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { findJava, kafkaJars } from '@logfold/dev-services';

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
  const flags = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx256m', `-Dlog4j2.configurationFile=${logging}`];
  const child = spawn(java.program, [...flags, '-cp', join(lib, '*'), program, brokers.join(','), topic]);
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
