import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LogBatch, LogRange } from './event-store.js';
import type { Recorded } from './events.js';
import { SharedTail } from './shared-tail.js';

const TYPES = ['A', 'B', 'C'];

describe('the shared tail of a log', () => {
  test('gives each reader every event of its types once and in order, however fast each is', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.record({ append: fc.integer({ min: 1, max: 3_000 }) }),
            fc.record({ read: fc.integer({ min: 0, max: 3 }), batches: fc.integer({ min: 1, max: 5 }) }),
          ),
          { maxLength: 40 },
        ),
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 4, maxLength: 4 }),
        async (script, starts) => {
          const log = counted();
          const tail = new SharedTail(log, TYPES);
          const readers = starts.map(
            (start, index) => new Reader(tail, BigInt(start), TYPES.slice(0, 1 + (index % 3))),
          );
          for (const step of script) {
            if ('append' in step) log.append(step.append);
            else await readers[step.read]!.read(step.batches);
          }
          for (const reader of readers) {
            await reader.read(Infinity);
            const wanted = log.events.filter(
              ({ type, position }) => reader.types.includes(type) && position > reader.start,
            );
            expect(reader.seen).toEqual(wanted.map(({ position }) => position));
          }
        },
      ),
      { numRuns: 60 },
    ));

  test('fetches what is new once for all who follow it', async () => {
    const log = counted();
    const tail = new SharedTail(log, TYPES);
    const readers = [0, 1, 2, 3, 4].map(() => new Reader(tail, 0n, TYPES));
    for (let round = 0; round < 10; round++) {
      log.append(7);
      await Promise.all(readers.map((reader) => reader.read(Infinity)));
    }
    for (const reader of readers) expect(reader.seen).toHaveLength(70);
    expect(log.fetchedEvents).toBe(70);
  });

  test('lets one who is far behind read by itself, and takes it in again at the end', async () => {
    const log = counted();
    const tail = new SharedTail(log, TYPES);
    const [fast, slow] = [new Reader(tail, 0n, TYPES), new Reader(tail, 0n, TYPES)];
    log.append(20_000);
    await fast.read(Infinity);
    expect(log.fetchedEvents).toBe(20_000);
    await slow.read(Infinity);
    expect(log.fetchedEvents).toBe(40_000);
    log.append(10);
    await Promise.all([fast.read(Infinity), slow.read(Infinity)]);
    expect(log.fetchedEvents).toBe(40_010);
  });

  test('tells of an event that was appended while somebody else was fetching', async () => {
    const log = counted();
    const tail = new SharedTail(log, TYPES);
    const [first, second] = [new Reader(tail, 0n, TYPES), new Reader(tail, 0n, TYPES)];
    const held = Promise.withResolvers<void>();
    log.holdAfterSafe = held.promise;
    const reading = first.read(Infinity);
    await log.held;
    log.append(1);
    log.holdAfterSafe = undefined;
    const late = second.read(Infinity);
    held.resolve();
    await Promise.all([reading, late]);
    expect(second.seen).toHaveLength(1);
  });
});

/** A log in an array, which counts what is read of it. */
function counted() {
  const holding = Promise.withResolvers<void>();
  const log = {
    events: [] as Recorded[],
    fetchedEvents: 0,
    holdAfterSafe: undefined as Promise<void> | undefined,
    held: holding.promise,
    append(count: number): void {
      for (let n = 0; n < count; n++) {
        const position = BigInt(log.events.length * 2 + 1); // positions have holes
        log.events.push({ position, type: TYPES[log.events.length % TYPES.length]! } as Recorded);
      }
    },
    end: async () => log.events.at(-1)?.position ?? 0n,
    async *readLog({ after, types = TYPES, limit = 1_000 }: LogRange): AsyncGenerator<LogBatch> {
      const safe = await log.end();
      if (log.holdAfterSafe) {
        holding.resolve();
        await log.holdAfterSafe;
      }
      let position = after;
      while (position < safe) {
        const wanted = log.events.filter((event) => types.includes(event.type) && event.position <= safe);
        const events = wanted.filter((event) => event.position > position).slice(0, limit);
        log.fetchedEvents += events.length;
        position = events.length === limit ? events.at(-1)!.position : safe;
        yield { events, position };
      }
    },
  };
  return log;
}

class Reader {
  readonly seen: bigint[] = [];
  #position: bigint;

  constructor(
    readonly tail: SharedTail,
    readonly start: bigint,
    readonly types: readonly string[],
  ) {
    this.#position = start;
  }

  async read(batches: number): Promise<void> {
    let left = batches;
    for await (const { events, position } of this.tail.readLog({
      after: this.#position,
      types: this.types,
      limit: 500,
    })) {
      this.seen.push(...events.map((event) => event.position));
      this.#position = position;
      if (--left === 0) return;
    }
  }
}
