import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { logSource, uuidv7, type CheckpointReader, type LogBatch, type Recorded } from '@logfold/core';
import type { OpenShop } from '../support/shop.js';
import { attackReaders, type Reader } from './readers-attack.js';

const bySource: Reader = async function* ({ database }, signal) {
  const checkpoints: CheckpointReader = { load: (partitions, first) => first(partitions) };
  const options = { subscription: 'reader', types: ['Added'], from: 'beginning', checkpoints, signal } as const;
  for await (const { events, moves } of logSource('shop', database.events, database.wakeUp).read(options))
    yield { events: events.map(({ event }) => event), position: moves[0]!.to.position };
};

describe('Readers beside sixteen writers, late commits, rollbacks and foreign transactions', () => {
  test('skip no event, see none twice, keep the order of each stream, and never stall', async () => {
    const { committed, ...anomalies } = await attackReaders(bySource);
    expect(anomalies).toEqual({ skipped: 0, doubled: 0, outOfOrder: 0 });
    expect(committed).toBeGreaterThan(500);
  });
});

describe('The attack on readers catches', () => {
  test('reading by "position > n" alone', async () => {
    const { skipped } = await attackReaders(
      reading('SELECT * FROM logfold.events WHERE position > $1 ORDER BY position'),
    );
    expect(skipped).toBeGreaterThan(0);
  });

  test('the safe position and the events in one snapshot', async () => {
    const { skipped } = await attackReaders(
      reading(`
        WITH safe AS MATERIALIZED (SELECT pg_sleep(0.005), logfold.safe_position() AS position)
        SELECT e.* FROM safe, logfold.events e WHERE e.position > $1 AND e.position <= safe.position ORDER BY e.position`),
    );
    expect(skipped).toBeGreaterThan(0);
  });

  test('a fence that is taken after the positions were drawn', async () => {
    const { skipped } = await attackReaders(bySource, ({ admin }) =>
      admin.unsafe(`
        DROP TRIGGER fence ON logfold.events;
        CREATE TRIGGER fence AFTER INSERT ON logfold.events FOR EACH STATEMENT EXECUTE FUNCTION logfold.fence();`),
    );
    expect(skipped).toBeGreaterThan(0);
  });

  test('one writer that goes without the fence', async () => {
    const { skipped } = await attackReaders(bySource, undefined, writeUnfenced);
    expect(skipped).toBeGreaterThan(0);
  });
});

/** A reader that polls with one statement and goes on behind the last position it saw. */
function reading(statement: string): Reader {
  return async function* ({ admin }, signal): AsyncGenerator<LogBatch> {
    let after = 0n;
    while (!signal.aborted) {
      const rows = await admin.unsafe(statement, [String(after)]);
      const events = rows.map((row) => ({ ...row, position: BigInt(row.position) }) as unknown as Recorded);
      after = events.at(-1)?.position ?? after;
      yield { events, position: after };
      await pause(1);
    }
  };
}

/** Holds its positions until the fences of those that drew before it have gone. */
async function writeUnfenced({ admin }: OpenShop, n: number): Promise<void> {
  await admin.begin(async (tx) => {
    await tx`SET LOCAL session_replication_role = replica`; // triggers do not fire
    await tx`INSERT INTO logfold.events (stream, version, id, type, data, metadata)
             VALUES ('rogue-1', ${n + 1}, ${uuidv7()}, 'Added', '{}', '{}')`;
    await pause(60);
  });
}
