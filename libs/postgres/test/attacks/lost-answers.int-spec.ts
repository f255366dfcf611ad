import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { AppendOutcomeUnknown, prepareAppend, type Appended, type ExpectedVersion } from '@logfold/core';
import { eventually, faultProxy, type FaultProxy } from '@logfold/testing';
import { AppendLane } from '../../src/append-lane.js';
import { outcomesOf, resolveOutcome, type Resolver } from '../../src/append-outcome.js';
import { Appender } from '../../src/appender.js';
import { Connection } from '../../src/connection.js';
import { APP_ROLE } from '../../src/index.js';
import { statementsFor } from '../../src/statements.js';
import { added, openShop, storedEvents, type OpenShop } from '../support/shop.js';

/** Sends the batch again without asking what became of it: the planted bug. */
const blindRetry: Resolver = async (lane, appends) => outcomesOf(lane, appends, await lane.store(appends, undefined));

/** Backends killed at least, and appends of one writer at most until then. */
const KILLS = 10;
const MOST_APPENDS = 5_000;

const expectations: readonly ExpectedVersion[] = ['any', 'none', 2, 'exists'];

describe('An append whose answer is lost', () => {
  test.each(expectations)(
    'is stored once and acknowledged when the server had committed it (expected: %s)',
    async (expected) => {
      await withProxiedAppender(resolveOutcome, async ({ proxy, append, stored }) => {
        await prepareStream(append, expected);
        proxy.onToServer(isAppend, () => proxy.dropToClient());
        const appended = append(expected);
        await eventually(async () => expect(await stored()).toHaveLength(streamLength(expected) + 1));
        proxy.stopDropping();
        proxy.cut();
        expect((await appended).version).toBe(streamLength(expected) + 1);
        expect(await stored()).toHaveLength(streamLength(expected) + 1);
      });
    },
  );

  test.each(expectations)('is stored once when the old request arrives late (expected: %s)', async (expected) => {
    expect(await storedAfterLateArrival(resolveOutcome, expected)).toBe(streamLength(expected) + 1);
  });

  test('is stored twice by a blind retry, which the attack sees', async () => {
    expect(await storedAfterLateArrival(blindRetry, 'any')).toBe(2);
  });

  test('is refused by a blind retry though it was stored, which the attack sees', async () => {
    await withProxiedAppender(blindRetry, async ({ proxy, append, stored }) => {
      proxy.onToServer(isAppend, () => proxy.dropToClient());
      const appended = append('none');
      await eventually(async () => expect(await stored()).toHaveLength(1));
      proxy.stopDropping();
      proxy.cut();
      await expect(appended).rejects.toThrow('expected no stream');
    });
  });
});

test('Killing the backends that append, again and again, loses nothing, doubles nothing and acknowledges only what is stored', async () => {
  const shop = await openShop();
  try {
    const acknowledged = new Map<string, number>();
    const open = new Set<string>();
    let writing = true;
    let killed = 0;
    const writers = Array.from({ length: 12 }, async (_, writer) => {
      for (let n = 0; n < 60 || (killed < KILLS && n < MOST_APPENDS); n++) {
        const stream = `item-${writer}`;
        const expected = writer % 2 === 0 ? ('any' as const) : n;
        await shop.database.events.append({ stream, events: [added()], expected }).then(
          ({ events: [event], version }) => acknowledged.set(event!.id, version),
          (error: unknown) => {
            if (!(error instanceof AppendOutcomeUnknown)) throw error;
            open.add(stream);
          },
        );
      }
    });
    const kill = () => shop.admin`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'logfold shop append' AND datname = current_database() AND state = 'active'`;
    const killer = (async () => {
      for (; writing && killed < 40; await pause(Math.random() * 10)) killed += (await kill()).length;
    })();
    await Promise.all(writers);
    writing = false;
    await killer;
    expect(killed).toBeGreaterThanOrEqual(KILLS);
    const stored = await storedEvents(shop.admin);
    expect(open.size).toBe(0); // the database was never away for long
    expect(new Map(stored.map(({ id, version }) => [id, version]))).toEqual(acknowledged);
  } finally {
    await shop.close();
  }
});

const isAppend = (bytes: Buffer): boolean => bytes.includes('"v":1,"i":"');

const streamLength = (expected: ExpectedVersion): number => (expected === 2 ? 2 : expected === 'exists' ? 1 : 0);

interface Proxied {
  readonly proxy: FaultProxy;
  append(expected: ExpectedVersion): Promise<Appended>;
  stored(): Promise<readonly unknown[]>;
  /** Connections that the server still has from the appender. */
  backends(): Promise<number>;
}

/** An appender with one connection, which goes through a proxy. Its statements are prepared: a request is one packet. */
async function withProxiedAppender(resolver: Resolver, work: (parts: Proxied) => Promise<void>): Promise<void> {
  const shop: OpenShop = await openShop();
  const direct = new URL(shop.url);
  const proxy = await faultProxy({ host: direct.hostname, port: Number(direct.port) });
  const url = Object.assign(new URL(shop.url), { port: String(proxy.port) }).href;
  const connection = new Connection({ url, name: 'proxied', role: APP_ROLE });
  const appender = new Appender([new AppendLane(connection, statementsFor('logfold'))], 100, () => {}, resolver);
  const append = (expected: ExpectedVersion, stream = 'item-1') =>
    appender.append(prepareAppend({ stream, events: [added()], expected }));
  try {
    await append('any', 'warm-1');
    await append('none', 'warm-2');
    await work({
      proxy,
      append,
      stored: () => shop.admin`SELECT 1 FROM logfold.events WHERE stream = 'item-1'`,
      backends: async () =>
        (
          await shop.admin`SELECT 1 FROM pg_stat_activity WHERE application_name = 'proxied' AND datname = current_database()`
        ).length,
    });
  } finally {
    proxy.release();
    await appender.close();
    await proxy.close();
    await shop.close();
  }
}

async function prepareStream(append: Proxied['append'], expected: ExpectedVersion): Promise<void> {
  for (let n = 0; n < streamLength(expected); n++) await append(n);
}

/** The request is kept back on its way, the connection is cut, the client settles it; then the old request arrives. */
async function storedAfterLateArrival(resolver: Resolver, expected: ExpectedVersion): Promise<number> {
  let count = 0;
  await withProxiedAppender(resolver, async ({ proxy, append, stored, backends }) => {
    await prepareStream(append, expected);
    proxy.onToServer(isAppend, () => proxy.holdToServer());
    const appended = append(expected);
    await eventually(() => expect(proxy.heldBytes).toBeGreaterThan(0));
    proxy.cut();
    proxy.stopHolding();
    await appended;
    expect(await stored()).toHaveLength(streamLength(expected) + 1);
    expect(await backends()).toBe(2); // the old one still waits for its request
    proxy.release();
    await eventually(async () => expect(await backends()).toBe(1)); // it has had it, and left
    count = (await stored()).length;
  });
  return count;
}
