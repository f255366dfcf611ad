import { describe, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { WrongExpectedVersion } from '@logfold/core';
import { added, openShop, storedEvents, type OpenShop } from '../support/shop.js';

const ROUNDS = 60;
const CONTENDERS = 8;

describe('Concurrent appends with one expected version', () => {
  test('have exactly one winner in every round, through the appender and inside transactions', async () => {
    const { winners, losers, duplicates } = await contend();
    expect(winners).toEqual(Array.from({ length: ROUNDS }, () => 1));
    expect(losers.every((error) => error instanceof WrongExpectedVersion)).toBe(true);
    expect(duplicates).toBe(0);
  });

  test('are seen to have several winners once the unique key is gone', async () => {
    const { winners, duplicates } = await contend(
      ({ admin }) => admin`ALTER TABLE logfold.events DROP CONSTRAINT events_stream_version_key`,
    );
    expect(Math.max(...winners)).toBeGreaterThan(1);
    expect(duplicates).toBeGreaterThan(0);
  });
});

/** Rounds in which clients of their own append to one stream at once, all expecting the version of the round. */
async function contend(plant: (shop: OpenShop) => Promise<unknown> = async () => {}) {
  const shop = await openShop();
  try {
    await plant(shop);
    const clients = Array.from({ length: CONTENDERS }, () => shop.another());
    const winners: number[] = [];
    const losers: unknown[] = [];
    for (let version = 0; version < ROUNDS; version++) {
      const results = await Promise.allSettled(
        clients.map(({ events, transactions }, index) => {
          const append = { stream: 'item-1', events: [added()], expected: version };
          if (index % 2 === 0) return events.append(append);
          return transactions.run(async (tx) => {
            await events.append(append, { tx });
            await pause(Math.random() * 5); // commits late
          });
        }),
      );
      winners.push(results.filter(({ status }) => status === 'fulfilled').length);
      losers.push(...results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : [])));
    }
    const versions = (await storedEvents(shop.admin)).map(({ version }) => version);
    return { winners, losers, duplicates: versions.length - new Set(versions).size };
  } finally {
    await shop.close();
  }
}
