import { expect, jest, test } from '@jest/globals';
import { eventually, memory, virtualClock } from '@logfold/testing';
import { StockEvents } from '../test/shop.js';
import { eventCatalog } from './event-catalog.js';
import { logSource } from './log-source.js';
import { retry } from './retry-policy.js';
import { subscription, type Beside } from './subscription.js';

test('a rebuild, published rows and requests all get their turn beside the reader, also when they ask at once', async () => {
  const clock = virtualClock();
  const database = memory({ service: 'shop', clock });
  const { events, wakeUp } = database;
  await events.append({
    stream: 'stock-tea',
    events: [StockEvents.StockReceived({ sku: 'tea', quantity: 1 })],
    expected: 'none',
  });
  const handling = Promise.withResolvers<void>();
  const handled = Promise.withResolvers<void>();
  const turns: string[] = [];
  const beside = async ({ still }: Beside): Promise<void> => {
    await handling.promise;
    await Promise.all(['rebuild', 'rows'].map((who) => still(async () => void turns.push(who))));
  };
  const asked = Promise.withResolvers<void>();
  jest.spyOn(database.parked, 'requests').mockImplementation(async () => {
    turns.push('requests');
    asked.resolve();
    return [];
  });
  const errors: unknown[] = [];
  const loop = subscription(
    {
      name: 'levels',
      sources: [logSource('shop', events, wakeUp)],
      from: 'beginning',
      oneWriter: true,
      onError: retry(0).thenPark(),
      catalog: eventCatalog([StockEvents]),
      handler: {
        types: ['StockReceived'],
        async handle() {
          handling.resolve();
          await handled.promise;
        },
      },
      owner: 'me',
      beside,
      ...database,
    },
    { clock, onError: (error) => errors.push(error) },
  );
  loop.start();
  let begun = false;
  void handling.promise.then(() => (begun = true));
  await eventually(async () => {
    await clock.advance(1);
    expect(begun).toBe(true);
  });
  await clock.advance(1_000); // those who look for requests wait for their turn too
  handled.resolve();
  await asked.promise;
  expect(turns).toEqual(['rebuild', 'rows', 'requests']);
  expect(errors).toEqual([]);
  const stopping = loop.stop();
  await clock.advance(60_000);
  await stopping;
});
