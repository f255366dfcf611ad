import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { logfold, reaction, retry, type Logfold } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { eventually } from '@logfold/testing';
import { closedToAll, testDatabase, type TestDatabase } from './support/database.js';
import { telemetry } from '@logfold/otel';
import { testSdk, type TestSdk } from './support/telemetry/sdk.js';
import { Reservations, Shelf, ShelfCommands, ShelfEvents } from './support/telemetry/shop.js';

let sdk: TestSdk;
let database: TestDatabase;
let depot: Logfold;

const Picky = reaction({
  name: 'picky',
  from: [ShelfEvents],
  startFrom: 'beginning',
  onError: retry(0).thenPark(),
  on: {
    Reserved: async ({ data }) => {
      if (data.sku === 'poison') throw new Error('CANARY-ERROR');
    },
  },
});

beforeAll(async () => {
  sdk = testSdk();
  database = await testDatabase();
  depot = logfold({
    database: postgresDatabase({ service: 'depot', url: database.url }),
    definitions: [Shelf, Reservations, Picky],
    instrumentation: telemetry(),
  });
  await depot.start();
});
afterAll(async () => {
  await depot?.stop();
  await database?.drop();
  await sdk?.end();
});

describe('The metrics of a service on Postgres', () => {
  it('tell a lag in seconds that grows while a subscription is stopped, and falls when it goes on', async () => {
    const runner = depot.runners.find(({ name }) => name === 'reservations v1')!;
    await reserve('tea');
    await eventually(async () => expect(await lag('reservations v1')).toBe(0));
    await runner.stop();
    await reserve('tea');
    const first = await eventually(async () => {
      const seconds = await lag('reservations v1');
      expect(seconds).toBeGreaterThan(0);
      return seconds!;
    });
    await eventually(async () => expect(await lag('reservations v1')).toBeGreaterThan(first));
    expect((await depot.status()).subscriptions).toContainEqual(
      expect.objectContaining({ subscription: 'reservations v1', behind: expect.objectContaining({ positions: 1n }) }),
    );
    expect(await lag('picky')).toBe(0);

    runner.start();
    await eventually(async () => expect(await lag('reservations v1')).toBe(0));
    expect(await sdk.sum('logfold.subscription.behind')).toBe(0);
  });

  it('tell what is parked and how long, without the text of the error', async () => {
    expect(await sdk.sum('logfold.parked.keys')).toBe(0);
    await reserve('poison');
    await reserve('poison');
    await eventually(async () => expect(await sdk.sum('logfold.parked.events')).toBe(2));
    expect(await sdk.sum('logfold.parked.keys')).toBe(1);
    expect(await sdk.sum('logfold.parked.age')).toBeGreaterThan(0);
    expect(await sdk.sum('logfold.handler.failures')).toBeGreaterThan(0);
    expect(await sdk.text()).not.toContain('CANARY');
  });

  it('tell that the database does not answer, and that it does again', async () => {
    expect([...(await sdk.values('logfold.database.up')).values()]).toEqual([1]);
    const reopened = await closedToAll(database);
    await eventually(async () => expect([...(await sdk.values('logfold.database.up')).values()]).toEqual([0]));
    await reopened();
    await eventually(async () => expect([...(await sdk.values('logfold.database.up')).values()]).toEqual([1]));
  });

  it('are looked up whenever they are collected, until it stops', async () => {
    const asked = jest.spyOn(depot, 'status');
    await sdk.sum('logfold.database.up');
    expect(asked).toHaveBeenCalledTimes(1);
    await depot.stop();
    await sdk.sum('logfold.database.up');
    expect(asked).toHaveBeenCalledTimes(1);
  });
});

async function reserve(sku: string): Promise<void> {
  await depot.handler(Shelf).handle(ShelfCommands.Reserve({ orderId: 'a', sku }));
}

async function lag(subscription: string): Promise<number | undefined> {
  const values = await sdk.values('logfold.subscription.lag');
  for (const [attributes, value] of values)
    if ((JSON.parse(attributes) as Record<string, string>)['logfold.subscription'] === subscription) return value;
  return undefined;
}
