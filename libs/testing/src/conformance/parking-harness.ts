import { expect } from '@jest/globals';
import {
  DatabaseUnavailable,
  eventCatalog,
  events,
  logSource,
  retry,
  subscription,
  type,
  uuidv7,
  WrongExpectedVersion,
  type CheckpointKey,
  type Database,
  type Recorded,
  type RetryPolicy,
  type Runner,
} from '@logfold/core';
import { eventually } from '../eventually.js';
import { endOfLog } from './harness.js';

const Talk = events(
  'conformance.talk',
  { topic: null, partitions: 1 },
  { Said: type<{ readonly text: string }>(), Heard: type<{ readonly text: string }>() },
);

/** A subscription that copies what is said into a stream of its own, unless it is poison. */
export interface Copying extends Runner {
  readonly poison: Set<string>;
  readonly unavailable: Set<string>;
  /** What somebody else appends before, once. */
  readonly contended: Set<string>;
  readonly keyOf: (speaker: string) => string;
  said(speaker: string): readonly Recorded[];
  handled(): Promise<Record<string, string[]>>;
  parkedKeys(): Promise<object[]>;
  /** Puts a request, and waits for what came of it. */
  ask(action: 'redrive' | 'skip', speaker: string): Promise<string>;
  caughtUp(): Promise<void>;
}

let round = uuidv7();
let spoken: Recorded[] = [];

/** Appends what speakers say: `a1` is said by `a`. */
export async function say(database: Database, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    const { events: appended } = await database.events.append({
      stream: `talk-${text[0]}-${round}`,
      events: [Talk.Said({ text })],
      expected: 'any',
    });
    spoken.push(...appended);
  }
}

/** Starts a subscription of its own, with nothing said yet. */
export function startCopying(
  database: Database,
  { policy = retry(2).thenPark() }: { policy?: RetryPolicy } = {},
): Copying {
  round = uuidv7();
  spoken = [];
  const mine = round;
  const poison = new Set<string>();
  const unavailable = new Set<string>();
  const contended = new Set<string>();
  const name = `copy-${mine}`;
  const key: CheckpointKey = { subscription: name, source: database.service };
  const { checkpoints, parked, transactions, leases, events: log, wakeUp, service } = database;
  const runner = subscription(
    {
      name,
      sources: [logSource(service, log, wakeUp, { batchSize: 3, pollMs: { first: 5, max: 20 } })],
      from: 'beginning',
      oneWriter: true,
      onError: policy,
      catalog: eventCatalog([Talk]),
      handler: {
        types: ['Said'],
        async handle(batch, tx) {
          for (const { stream, data } of batch) {
            if (!stream.endsWith(mine)) continue;
            const { text } = data as { text: string };
            if (poison.has(text)) throw new RangeError(`${text} is poison`);
            if (unavailable.has(text)) throw new DatabaseUnavailable('away for a moment');
            if (contended.delete(text)) throw new WrongExpectedVersion(stream, 0, 1);
            await log.append({ stream: `copy-${mine}`, events: [Talk.Heard({ text })], expected: 'any' }, { tx });
          }
        },
      },
      checkpoints,
      parked,
      transactions,
      leases,
      owner: uuidv7(),
      leaseTtlMs: 5_000,
    },
    { backoff: { firstMs: 2, maxMs: 20 }, ...(policy.last === 'stop' ? { retries: 0 } : {}) },
  );
  runner.start();
  const keyOf = (speaker: string): string => `talk-${speaker}-${mine}`;
  return {
    ...runner,
    poison,
    unavailable,
    contended,
    keyOf,
    said: (speaker) => spoken.filter(({ stream }) => stream === keyOf(speaker)),
    async handled() {
      const heard: Record<string, string[]> = {};
      for (const { data } of await log.readStream(`copy-${mine}`)) {
        const { text } = data as { text: string };
        (heard[text[0]!] ??= []).push(text);
      }
      return heard;
    },
    async parkedKeys() {
      const all = await parked.list();
      return all
        .filter((one) => one.subscription === name)
        .map(({ key: parkedKey, events: count, type: eventType, error, subscription: whose }) => ({
          key: parkedKey,
          events: count,
          type: eventType,
          error,
          subscription: whose,
        }));
    },
    async ask(action, speaker) {
      const { id } = await parked.request(key, {
        action,
        key: keyOf(speaker),
        who: 'ada',
        why: 'a test',
      });
      return eventually(async () => {
        const request = (await parked.history()).find((one) => one.id === id);
        expect(request?.outcome).toBeDefined();
        return request!.outcome!;
      });
    },
    async caughtUp() {
      const end = await endOfLog(database);
      await eventually(async () => {
        const checkpoint = (await checkpoints.list()).find((one) => one.subscription === name);
        expect(checkpoint?.position ?? 0n).toBeGreaterThanOrEqual(end);
      });
    },
  };
}
