import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { commandHandler, commands, decider, events, reject, type Database, type EventStore } from '@logfold/core';
import { openShop } from '../support/shop.js';

const StockEvents = events(
  'shop.stock',
  { partitions: 1 },
  { Received: z.object({ sku: z.string() }), Taken: z.object({ sku: z.string() }) },
);
const StockCommands = commands(
  'shop.stock',
  { key: ({ sku }) => sku },
  { Receive: z.object({ sku: z.string() }), Take: z.object({ sku: z.string() }) },
);
const Stock = decider({
  name: 'stock',
  commands: StockCommands,
  events: StockEvents,
  initial: () => 0,
  evolve: { Received: (left) => left + 1, Taken: (left) => left - 1 },
  decide: {
    Receive: ({ data }) => StockEvents.Received(data),
    Take: ({ data }, left) => (left > 0 ? StockEvents.Taken(data) : reject('short', `no ${data.sku} is left`)),
  },
});

describe('A process whose cache is stale', () => {
  test('does not reject what the log allows', async () => {
    await expect(takeOnStaleCache((store) => store)).resolves.toMatchObject({ version: 4 });
  });

  test('would reject it without a look at the log, which the attack sees', async () => {
    await expect(takeOnStaleCache(withoutConfirmation)).rejects.toThrow('no tea is left');
  });
});

/** One process knows that all is sold; another receives more; the first is asked for one. */
async function takeOnStaleCache(plant: (store: EventStore) => EventStore) {
  const shop = await openShop();
  try {
    const first = commandHandler(Stock, plant((shop.database as Database).events));
    const second = commandHandler(Stock, (shop.another() as Database).events);
    await second.handle(StockCommands.Receive({ sku: 'tea' }));
    await first.handle(StockCommands.Take({ sku: 'tea' }));
    await expect(second.handle(StockCommands.Take({ sku: 'tea' }))).rejects.toThrow('no tea is left');
    await second.handle(StockCommands.Receive({ sku: 'tea' }));
    const handled = await first.handle(StockCommands.Take({ sku: 'tea' }));
    return handled;
  } finally {
    await shop.close();
  }
}

/** The planted bug: the tail of a stream that is known already is not read. */
function withoutConfirmation(store: EventStore): EventStore {
  return {
    append: (append, options) => store.append(append, options),
    appendAll: (appends, options) => store.appendAll(appends, options),
    readLog: (range) => store.readLog(range),
    readPublished: (range) => store.readPublished(range),
    end: () => store.end(),
    drawn: () => store.drawn(),
    idsAt: (positions) => store.idsAt(positions),
    positionAt: (time) => store.positionAt(time),
    identity: () => store.identity(),
    readStream: async (stream, range) => ((range?.after ?? 0) > 0 ? [] : store.readStream(stream, range)),
  };
}
