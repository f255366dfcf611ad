import { beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { events, type } from '@logfold/core';
import { postgresDatabase, type PostgresDatabase } from '@logfold/postgres';
import { eventually } from '@logfold/testing';
import postgres from 'postgres';
import { build, startChild, type Child } from './support/child.js';
import { testDatabase, type TestDatabase } from './support/database.js';

const LEASE_MS = 600;
const MOST_EVENTS = 1_000;
const PATIENCE = { timeoutMs: 60_000 };
const ShopEvents = events('shop.item', { partitions: 1 }, { Added: type<{ item: string; quantity: number }>() });

beforeAll(() => build('libs/postgres', 'libs/testing'), 120_000);

describe('A read model', () => {
  test.each(
    ['after-fetch', 'mid-handler', 'before-commit', 'after-commit'].flatMap((point) => [
      `${point}=kill@1`,
      `${point}=kill@3`,
    ]),
  )(
    'has every effect once when its process is killed at subscription.%s and another goes on',
    async (failpoint) => {
      await withShop(async (shop) => {
        const victim = shop.start({ LOGFOLD_FAILPOINTS: `subscription.${failpoint}` });
        await shop.writeUntil(() => victim.process.signalCode === 'SIGKILL');
        shop.start();
        await eventually(async () => expect(await shop.totals()).toEqual(shop.expected()), PATIENCE);
      });
    },
    90_000,
  );

  // Frozen before its transaction it wakes to a moved checkpoint; frozen inside it, the server ends its session.
  test.each(['after-fetch', 'before-commit'])(
    'has every effect once when its process freezes at subscription.%s beyond its lease, is overtaken, and wakes',
    async (point) => {
      await withShop(async (shop) => {
        const { frozen } = await freezeAndOvertake(shop, point);
        await eventually(() => expect(frozen.lines.join()).toMatch(/checkpoint-moved|database-unavailable/), PATIENCE);
        await eventually(async () => expect(await shop.totals()).toEqual(shop.expected()), PATIENCE);
      });
    },
    120_000,
  );
});

describe('The attack sees', () => {
  test('effects happen twice when the checkpoint is moved without comparing', async () => {
    await withShop(async (shop) => {
      await freezeAndOvertake(shop, 'after-fetch', 'no-compare-and-set');
      await eventually(
        async () => expect((await shop.totals()).events).toBeGreaterThan(shop.expected().events),
        PATIENCE,
      );
    });
  }, 90_000);
});

interface Shop {
  start(env?: Record<string, string>, plant?: string): Child;
  /** Appends one event after another, with small pauses so that a runner gets many batches, until the condition holds. */
  writeUntil(condition: () => boolean): Promise<void>;
  totals(): Promise<{ events: number; total: number }>;
  /** The fold of what was written. */
  expected(): { events: number; total: number };
}

/** One runner is frozen; another overtakes it while events come in; then the frozen one wakes. */
async function freezeAndOvertake(shop: Shop, point: string, plant = ''): Promise<{ frozen: Child }> {
  const frozen = shop.start({ LOGFOLD_FAILPOINTS: `subscription.${point}=freeze@3` }, plant);
  await shop.writeUntil(() => frozen.isFrozen());
  shop.start({}, plant);
  await eventually(async () => expect(await shop.totals()).toEqual(shop.expected()), PATIENCE);
  frozen.process.kill('SIGCONT');
  return { frozen };
}

async function withShop(work: (shop: Shop) => Promise<void>): Promise<void> {
  const test: TestDatabase = await testDatabase();
  const database: PostgresDatabase = postgresDatabase({ service: 'shop', url: test.url });
  await database.open();
  const admin = postgres(test.url, { max: 1, onnotice: () => {} });
  const children: Child[] = [];
  let written = { events: 0, total: 0 };
  try {
    await work({
      start(env = {}, plant = '') {
        const child = startChild('test/support/counting-runner.mjs', [test.url, String(LEASE_MS), plant], env);
        children.push(child);
        return child;
      },
      async writeUntil(condition) {
        for (let n = 0; n < MOST_EVENTS && !condition(); n++) {
          const event = ShopEvents.Added({ item: `item ${n % 3}`, quantity: n });
          await database.events.append({ stream: `item-${n % 3}`, events: [event], expected: 'any' });
          written = { events: written.events + 1, total: written.total + n };
          await pause(20);
        }
        expect(condition()).toBe(true);
      },
      async totals() {
        const there = await admin`SELECT to_regclass('logfold.totals__v1') IS NOT NULL AS there`;
        if (!there[0]!.there) return { events: 0, total: 0 };
        const [row] =
          await admin`SELECT coalesce(sum(events), 0)::int AS events, coalesce(sum(total), 0)::int AS total FROM logfold.totals__v1`;
        return row as unknown as { events: number; total: number };
      },
      expected: () => written,
    });
  } finally {
    await Promise.all(children.map((child) => child.end()));
    await admin.end({ timeout: 1 });
    await database.close();
    await test.drop();
  }
}
