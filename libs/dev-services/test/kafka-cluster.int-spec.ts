import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { isRunning } from '../src/process.js';
import { commit, committed, kafkaWorkplace, makeTopic, type KafkaWorkplace } from './kafka-workplace.js';

jest.setTimeout(600_000); // the first test fetches Kafka, perhaps on a busy machine

let place: KafkaWorkplace;

beforeEach(() => {
  place = kafkaWorkplace();
});
afterEach(() => place.clear());

describe('a Kafka of three nodes', () => {
  it('commits on all of them, goes on without one, takes it back, and stops', async () => {
    const kafka = await place.start({ home: place.home, nodes: 3 });
    expect(kafka.nodes.map(({ id }) => id)).toEqual([1, 2, 3]);
    await makeTopic(kafka, 'kept', 3);
    await commit(kafka, 'kept', ['with three']);
    expect(await committed(kafka, 'kept', 1)).toEqual(['with three']);
    const victim = kafka.nodes[1]!;
    await victim.kill('SIGKILL');
    await commit(kafka, 'kept', ['with two']);
    expect(await committed(kafka, 'kept', 2)).toEqual(['with three', 'with two']);
    await victim.start();
    await kafka.nodes[0]!.kill('SIGTERM');
    await commit(kafka, 'kept', ['with the other two']);
    expect(await committed(kafka, 'kept', 3)).toEqual(['with three', 'with two', 'with the other two']);
    await kafka.nodes[0]!.start();
    const pids = kafka.nodes.map(({ pid }) => pid!);
    await kafka.stop();
    expect(pids.filter(isRunning)).toEqual([]);
  });
});
