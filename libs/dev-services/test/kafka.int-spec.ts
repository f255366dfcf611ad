import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testKafka } from '../../../test/support/kafka.js';
import { isRunning } from '../src/process.js';
import { commit, committed, kafkaWorkplace, makeTopic, type KafkaWorkplace } from './kafka-workplace.js';
import { until } from './workplace.js';

jest.setTimeout(600_000); // the first test fetches Kafka, perhaps on a busy machine

let place: KafkaWorkplace;

beforeEach(() => {
  place = kafkaWorkplace();
});
afterEach(() => place.clear());

describe('a Kafka that keeps its data', () => {
  it('commits transactions, and has them and its address again after a stop and a start', async () => {
    const first = await place.start();
    expect(first).toMatchObject({ adopted: false, directory: join(place.home, 'kafka', 'nodes-1', 'cluster') });
    await makeTopic(first, 'kept', 1);
    await commit(first, 'kept', ['a', 'b']);
    expect(await committed(first, 'kept', 2)).toEqual(['a', 'b']);
    const { pid } = first.nodes[0]!;
    await first.stop();
    expect(isRunning(pid!)).toBe(false);
    const second = await place.start();
    expect(second).toMatchObject({ adopted: false, brokers: first.brokers });
    expect(await committed(second, 'kept', 2)).toEqual(['a', 'b']);
  });

  it('loses nothing that was committed when its broker is killed with -9, and starts again where it was', async () => {
    const kafka = await place.start();
    await makeTopic(kafka, 'kept', 1);
    await commit(kafka, 'kept', ['a']);
    expect(await committed(kafka, 'kept', 1)).toEqual(['a']);
    const node = kafka.nodes[0]!;
    const { pid, address } = node;
    await node.kill('SIGKILL');
    expect(node.pid).toBeUndefined();
    await node.start();
    expect(node.pid).not.toBe(pid);
    expect(kafka.brokers).toEqual([address]);
    await commit(kafka, 'kept', ['b']);
    expect(await committed(kafka, 'kept', 2)).toEqual(['a', 'b']);
  });

  it('starts after its first format was killed half-way, and leaves no trace of that', async () => {
    const victim = place.another();
    const half = () =>
      readdirSync(join(place.home, 'kafka', 'nodes-1')).filter((name) => name.startsWith('cluster.new-'));
    await until(() => half().length > 0);
    await victim.kill();
    const kafka = await place.start();
    expect(kafka.adopted).toBe(false);
    expect(half()).toEqual([]);
  });
});

describe('users of one Kafka', () => {
  it('adopt it while it runs, do not wait for one that was killed, and the last one out ends it', async () => {
    const victim = place.another();
    const { brokers, nodes } = await victim.answer;
    const pid = nodes[0]!.pid!;
    await victim.kill();
    expect(isRunning(pid)).toBe(true);
    const second = await place.start();
    expect(second).toMatchObject({ adopted: true, brokers });
    const third = await place.start();
    await second.stop();
    await makeTopic(third, 'after', 1);
    expect(third.nodes[0]!.pid).toBe(pid);
    await third.stop();
    expect(isRunning(pid)).toBe(false);
  });
});

describe('a Kafka for tests', () => {
  it('is another one each time, tells clients of its proxy, and leaves nothing', async () => {
    const options = { durable: false, home: place.home };
    const [one, other] = await Promise.all([place.start({ ...options, proxies: [9_999] }), place.start(options)]);
    expect(one.brokers).not.toEqual(other.brokers);
    await expect(makeTopic({ brokers: [one.nodes[0]!.proxied!] }, 'a', 1)).rejects.toThrow('9999');
    const pids = [one, other].map(({ nodes }) => nodes[0]!.pid!);
    await Promise.all([one.stop(), other.stop()]);
    expect(pids.filter(isRunning)).toEqual([]);
    expect(readdirSync(place.home)).toEqual([]);
  });

  it('is ended and removed at the next start when its process was killed', async () => {
    const options = { durable: false, home: place.home };
    const victim = place.another(options);
    const { directory, nodes } = await victim.answer;
    await victim.kill();
    expect(isRunning(nodes[0]!.pid!)).toBe(true);
    await place.start(options);
    expect(isRunning(nodes[0]!.pid!)).toBe(false);
    expect(existsSync(directory)).toBe(false);
  });
});

describe('the Kafka of a test run', () => {
  it('is one for all test files', async () => {
    const [one, another] = await Promise.all([testKafka(), testKafka()]);
    expect(one).toEqual(another);
    await makeTopic(one, 'of-dev-services', 1);
    await commit(one, 'of-dev-services', ['a']);
    expect(await committed(another, 'of-dev-services', 1)).toEqual(['a']);
  });
});

describe('a machine without what Kafka needs', () => {
  it.each([
    ['java-missing', 'none in the PATH', {}],
    ['java-too-old', 'is Java 11', { java: 'echo \'openjdk version "11.0.2" 2019-01-15\' >&2' }],
    ['maven-missing', 'no mvn in the PATH', { java: saying17() }],
    ['maven-failed', 'Could not resolve', { java: saying17(), mvn: 'echo Could not resolve; exit 1' }],
  ])('is told what to do: %s', async (code, reason, programs) => {
    const env = { JAVA_HOME: '', PATH: directoryOf(programs) };
    const answer = await place.another({ home: place.home, jars: place.home }, env).answer;
    expect(answer.code).toBe(code);
    expect(answer.message).toContain(reason);
    expect(answer.message).toMatch(/set KAFKA_BROKERS/);
  });
});

function saying17(): string {
  return 'echo \'openjdk version "17.0.15" 2025-04-15\' >&2';
}

/** A directory with these shell scripts, to be the PATH. */
function directoryOf(programs: Record<string, string>): string {
  const directory = join(place.home, 'bin');
  mkdirSync(directory);
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(directory, name), 0o755);
  }
  return directory;
}
