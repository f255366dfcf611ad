import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { eventually } from '@logfold/testing';
import { testKafka, testKafkaTimeoutMs } from '../../../test/support/kafka.js';
import { groupClient } from '../src/group-client.js';
import { GroupMember } from '../src/group-member.js';
import { defaultGroupTimes } from '../src/source-options.js';
import { chain, type CraftedTopic } from './crafted-topic.js';
import { sourcePlace } from './source-place.js';

let brokers: string[];
const place = sourcePlace(() => brokers);
const opened: GroupMember[] = [];

beforeAll(async () => {
  ({ brokers } = await testKafka());
  const topic = await place.topic();
  await eventually(() => join(topic), { timeoutMs: 60_000 }); // a broker that has just started loads its groups first
}, testKafkaTimeoutMs);

afterEach(async () => {
  await Promise.all(opened.splice(0).map((member) => member.close(new Map())));
});

describe('A member of a group', () => {
  it('fetches nothing of a partition before it is told from where', async () => {
    const topic = await place.topic(2);
    await topic.send(...chain(1, 3), ...chain(1, 3, { partition: 1 }));
    const member = await join(topic);
    const seen: number[] = [];

    member.place(1, '0');
    for (let position = 4; position < 20; position++) {
      await topic.send(...chain(position, position, { partition: 1 }));
      await reach(member, position, seen);
    }

    expect(new Set(seen)).toEqual(new Set([1]));
    member.place(0, '2');
    const [delivery] = await arrived(member);
    expect(delivery).toMatchObject({ partition: 0, next: 3n, atEnd: true });
    expect(delivery!.messages.map(({ offset }) => offset)).toEqual(['2']);
  });

  it('would be given what it has not asked for, if it did not pause first: the planted bug', async () => {
    const topic = await place.topic();
    await topic.send(...chain(1, 3));
    const member = await join(topic, randomUUID(), { pauses: false });
    const [delivery] = await arrived(member); // though it was not placed
    expect(delivery!.messages.map(({ offset }) => offset)).toEqual(['0', '1', '2']);
  });

  it('drops what was fetched of a partition that is to be read from elsewhere', async () => {
    const topic = await place.topic();
    await topic.send(...chain(1, 3));
    const member = await join(topic);
    member.place(0, '0');
    const [delivery] = await arrived(member);

    member.seek(0, '1');

    expect([delivery!.dropped, member.ready()]).toEqual([true, []]);
    const [next] = await arrived(member);
    expect(next!.messages.map(({ offset }) => offset)).toEqual(['1', '2']);
  });

  it('fetches again what was not handled', async () => {
    const topic = await place.topic();
    await topic.send(...chain(1, 3));
    const member = await join(topic);
    member.place(0, '0');
    const [delivery] = await arrived(member);

    delivery!.drop();

    const [next] = await arrived(member);
    expect(next!.messages).toHaveLength(3);
  });

  it('gives up at once what nobody handles when others come, but not what is being handled', async () => {
    const topic = await place.topic(2);
    await topic.send(...chain(1, 3), ...chain(1, 3, { partition: 1 }));
    const group = randomUUID();
    const member = await join(topic, group);
    for (const partition of [0, 1]) member.place(partition, '0');
    await eventually(() => expect(member.ready()).toHaveLength(2));
    const [held, waiting] = member.ready();
    held!.hold();
    let ended = false;
    void held!.ended.then(() => (ended = true));

    const other = await started(topic, group);
    await eventually(() => expect(waiting!.dropped).toBe(true));
    expect([ended, member.takeJoined(), other.takeJoined()]).toEqual([false, undefined, undefined]);
    held!.release();

    const shares = await Promise.all([joined(member), joined(other)]);
    expect(shares.map(({ length }) => length)).toEqual([1, 1]);
  });
});

interface Choices {
  /** False for a member that forgets to pause. */
  readonly pauses?: boolean;
}

async function join(topic: CraftedTopic, group = randomUUID(), choices: Choices = {}): Promise<GroupMember> {
  const member = await started(topic, group, choices);
  await joined(member);
  return member;
}

async function started(topic: CraftedTopic, group: string, { pauses = true }: Choices = {}): Promise<GroupMember> {
  const times = { ...defaultGroupTimes, sessionMs: 6_000, heartbeatMs: 200 };
  const client = groupClient({ brokers }, group, times);
  if (!pauses) client.consumer.pause = () => {};
  const member = new GroupMember(client, topic.name, times);
  opened.push(member);
  await member.start(topic.partitions);
  return member;
}

async function joined(member: GroupMember): Promise<readonly number[]> {
  for (;;) {
    const partitions = member.takeJoined();
    if (partitions) return partitions;
    await member.wait(100, new AbortController().signal);
  }
}

async function arrived(member: GroupMember) {
  while (member.ready().length === 0) await member.wait(100, new AbortController().signal);
  return member.ready();
}

/** Takes what comes until the record at a position of partition 1 is there. */
async function reach(member: GroupMember, position: number, seen: number[]): Promise<void> {
  for (;;) {
    const deliveries = [...(await arrived(member))];
    for (const delivery of deliveries) {
      seen.push(delivery.partition);
      delivery.looked = delivery.messages.length;
      delivery.finish();
    }
    if (deliveries.some(({ partition, next }) => partition === 1 && next >= BigInt(position))) return;
  }
}
