import { partitionOf } from '@logfold/core';
import fc from 'fast-check';
import type { Dump, LoggedEvent } from '../src/history.js';
import type { AppendOperation, Operation, PollOperation } from '../src/history-operation.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
/** A history and what was found at its end, to be spoilt by a test. */
export interface World {
  readonly history: Mutable<
    AppendOperation | (Omit<PollOperation, 'records'> & { records: PollOperation['records'][number][] })
  >[];
  readonly dump: {
    events: LoggedEvent[];
    topics: { name: string; partitions: Dump['topics'][number]['partitions'][number][number][][] }[];
    subscriptions: { name: string; topic: string; effects: { id: string }[] }[];
    readModels: { name: string; rows: object[]; fold: object[] }[];
  };
}

/** Two streams in the two partitions of a topic: a1 a2 | b1 b2 (one append) | a3. */
export function small(): World {
  const [keyA, keyB] = ['key-1', 'key-2', 'key-3', 'key-4'].reduce<string[]>(
    (keys, key) => (keys.some((other) => partitionOf(other, 2) === partitionOf(key, 2)) ? keys : [...keys, key]),
    [],
  ) as [string, string];
  return worldOf(2, [
    { stream: keyA, ids: ['a1'] },
    { stream: keyA, ids: ['a2'] },
    { stream: keyB, ids: ['b1', 'b2'] },
    { stream: keyA, ids: ['a3'] },
  ]);
}

/** What there is after these appends when everything went well. */
function worldOf(
  count: number,
  appends: readonly { readonly stream: string; readonly ids: readonly string[] }[],
): World {
  const history: World['history'] = [];
  const events: LoggedEvent[] = [];
  const versions = new Map<string, number>();
  const partitions: World['dump']['topics'][number]['partitions'] = Array.from({ length: count }, () => []);
  for (const { stream, ids } of appends) {
    const before = versions.get(stream) ?? 0;
    const operation = { process: 'writer', op: 'append', stream, ids, expected: before } as const;
    for (const [index, id] of ids.entries()) {
      const position = (events.at(-1)?.position ?? 0n) + 1n;
      events.push({ id, stream, key: stream, version: before + index + 1, position, type: 'Counted', topic: 'things' });
      const partition = partitions[partitionOf(stream, count)]!;
      partition.push({ id, key: stream, position, previous: partition.at(-1)?.position ?? 0n });
    }
    const version = before + ids.length;
    versions.set(stream, version);
    history.push({ ...operation, type: 'invoke' });
    history.push({ ...operation, type: 'ok', version, position: events.at(-1)!.position });
  }
  for (const [partition, records] of partitions.entries()) {
    const polled = records.map(({ id, position }, index) => ({ id, position, offset: BigInt(index) }));
    const reader = {
      process: 'reader',
      op: 'poll',
      type: 'ok',
      subscription: 'sums',
      topic: 'things',
      partition,
    } as const;
    history.push({ ...reader, assigned: true, records: polled });
    if (polled.length > 0) history.push({ ...reader, assigned: true, records: polled.slice(1) });
  }
  return {
    history,
    dump: {
      events,
      topics: [{ name: 'things', partitions }],
      subscriptions: [{ name: 'sums', topic: 'things', effects: partitions.flat().map(({ id }) => ({ id })) }],
      readModels: [
        {
          name: 'levels',
          rows: [
            { sku: 'tea', onHand: 3 },
            { sku: 'rum', at: 2n },
          ],
          fold: [
            { at: 2n, sku: 'rum' },
            { onHand: 3, sku: 'tea' },
          ],
        },
      ],
    },
  };
}

/** Correct histories. */
export const worlds = fc
  .record({
    count: fc.integer({ min: 1, max: 4 }),
    appends: fc.array(fc.record({ stream: fc.nat({ max: 5 }), events: fc.integer({ min: 1, max: 3 }) }), {
      maxLength: 20,
    }),
    refused: fc.nat({ max: 3 }),
  })
  .map(({ count, appends, refused }) => {
    const named = appends.map(({ stream, events }, index) => ({
      stream: `thing-${stream}`,
      ids: Array.from({ length: events }, (_, event) => `e${index}.${event}`),
    }));
    const { history, dump } = worldOf(count, named);
    const failed: Operation[] = Array.from({ length: refused }, (_, index) => ({
      process: 'other',
      op: 'append',
      type: index % 2 === 0 ? 'fail' : 'info',
      stream: 'thing-1',
      ids: [`refused ${index}`],
      expected: 'any',
    }));
    return { history: [...failed, ...(history as Operation[])], dump: dump as Dump };
  });

export function append(history: World['history'], id: string): Mutable<AppendOperation> {
  return history.find(
    (one) => one.op === 'append' && one.type !== 'invoke' && one.ids.includes(id),
  ) as Mutable<AppendOperation>;
}

export function poll(history: World['history'], id: string) {
  return history.find((one) => one.op === 'poll' && one.records.some((record) => record.id === id)) as Extract<
    World['history'][number],
    { op: 'poll' }
  >;
}

export function effects({ subscriptions }: World['dump']): { id: string }[] {
  return subscriptions[0]!.effects;
}

export function recordsOf({ topics }: World['dump'], id: string) {
  return topics[0]!.partitions.find((records) => records.some((record) => record.id === id))!;
}

export function set<T extends { readonly id: string }>(among: T[], id: string, values: Partial<T>): void {
  const index = among.findIndex((one) => one.id === id);
  among[index] = { ...among[index]!, ...values };
}

export function remove({ dump }: World, id: string): void {
  dump.events = dump.events.filter((event) => event.id !== id);
}

export function unpublish(dump: World['dump'], id: string): void {
  const records = recordsOf(dump, id);
  records.splice(
    records.findIndex((record) => record.id === id),
    1,
  );
}

export function publishAgain(dump: World['dump'], id: string): void {
  const records = recordsOf(dump, id);
  records.push(records.find((record) => record.id === id)!);
}
