import { expect } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { LogBatch } from '@logfold/core';
import { eventually } from '@logfold/testing';
import { openShop, storedEvents, added, type OpenShop } from '../support/shop.js';
import { testDatabase } from '../../../../test/support/database.js';
import postgres from 'postgres';

const WRITERS = 16;
const TRANSACTIONS_EACH = 50;
const STREAMS = 24;

/** A way to follow the log until the signal aborts. */
export type Reader = (shop: OpenShop, signal: AbortSignal) => AsyncIterable<LogBatch>;

/** What readers got wrong, by comparison with what is in the table at the end. */
export interface Anomalies {
  readonly skipped: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  readonly committed: number;
}

/**
 * Sixteen writers append to several streams in transactions that commit after random delays, and roll back now and
 * then, while two readers follow and two foreign transactions stay open for the whole time: one in this database, one
 * in another. The readers must reach the end nevertheless.
 * @param plant breaks something in the database before the attack begins.
 * @param rogue replaces the first writer's transaction.
 */
export async function attackReaders(
  reader: Reader,
  plant: (shop: OpenShop) => Promise<unknown> = async () => {},
  rogue?: (shop: OpenShop, n: number) => Promise<void>,
): Promise<Anomalies> {
  const shop = await openShop({ connections: WRITERS });
  const foreign = await openForeignTransactions(shop);
  const ended = new AbortController();
  try {
    await plant(shop);
    const seen = [follow(reader(shop, ended.signal)), follow(reader(shop, ended.signal))];
    const writers = Array.from({ length: WRITERS }, (_, writer) => write(shop, writer === 0 ? rogue : undefined));
    await Promise.all(writers);
    const stored = await storedEvents(shop.admin);
    const last = BigInt(stored.at(-1)!.position);
    await eventually(() => {
      for (const { reached } of seen) expect(reached()).toBeGreaterThanOrEqual(last);
    });
    const judged = seen.map(({ positions }) => judge(stored, positions));
    return {
      skipped: sum(judged.map(({ skipped }) => skipped)),
      doubled: sum(judged.map(({ doubled }) => doubled)),
      outOfOrder: sum(judged.map(({ outOfOrder }) => outOfOrder)),
      committed: stored.length,
    };
  } finally {
    ended.abort();
    await foreign.close();
    await shop.close();
  }
}

async function write(shop: OpenShop, rogue?: (shop: OpenShop, n: number) => Promise<void>): Promise<void> {
  for (let n = 0; n < TRANSACTIONS_EACH; n++) {
    if (rogue) {
      await rogue(shop, n);
      continue;
    }
    const streams = [...new Set([aStream(), aStream()])].sort();
    const rollsBack = Math.random() < 0.15;
    await shop.database.transactions
      .run(async (tx) => {
        for (const stream of streams)
          await shop.database.events.append({ stream, events: [added(), added()], expected: 'any' }, { tx });
        await pause(Math.random() * 15);
        if (rollsBack) throw new Error('rolled back on purpose');
      })
      .catch(() => {}); // rolled back, on purpose or by a collision: nothing may be seen of it
  }
}

const aStream = (): string => `item-${Math.floor(Math.random() * STREAMS)}`;

/** Collects what a reader sees. */
function follow(batches: AsyncIterable<LogBatch>): { positions: number[]; reached(): bigint } {
  const positions: number[] = [];
  let reached = 0n;
  void (async () => {
    for await (const batch of batches) {
      positions.push(...batch.events.map(({ position }) => Number(position)));
      if (batch.position > reached) reached = batch.position;
    }
  })();
  return { positions, reached: () => reached };
}

function judge(stored: readonly { position: number; stream: string; version: number }[], positions: readonly number[]) {
  const unique = new Set(positions);
  const byPosition = new Map(stored.map((event) => [event.position, event]));
  const versions = new Map<string, number>();
  let outOfOrder = 0;
  for (const position of positions) {
    const { stream, version } = byPosition.get(position)!;
    if (version <= (versions.get(stream) ?? 0)) outOfOrder++;
    versions.set(stream, version);
  }
  return {
    skipped: stored.filter(({ position }) => !unique.has(position)).length,
    doubled: positions.length - unique.size,
    outOfOrder,
  };
}

/** One transaction that wrote and stays open in this database, one in another database of the server. */
async function openForeignTransactions(shop: OpenShop): Promise<{ close(): Promise<void> }> {
  const other = await testDatabase();
  const clients = [postgres(shop.url, { max: 1 }), postgres(other.url, { max: 1 })];
  for (const sql of clients)
    await sql.unsafe('BEGIN; CREATE TABLE foreign_work (n int); INSERT INTO foreign_work VALUES (1)');
  return {
    async close() {
      await Promise.all(clients.map((sql) => sql.end({ timeout: 1 })));
      await other.drop();
    },
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
