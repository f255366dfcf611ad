import { StockEvents } from '@logfold-example/contracts';
import { logfold, logTopics } from '@logfold/core';
import { memory } from '@logfold/testing';
import { describe, expect, it } from '@jest/globals';
import { Count, CountCommands } from './count.js';
import { SettleCounts } from './settle-counts.js';
import { StockLevels } from './stock-levels.js';
import { streamOf } from './stock-commands.js';
import { Stock } from './stock.js';

const at = { sku: 'tea', location: 'main' };

describe('a count of a stock of which more has happened than can be read as it was', () => {
  it('fails and says why, instead of being tried for ever', async () => {
    const database = memory({ service: 'inventory' });
    const service = logfold({ database, definitions: [Stock, StockLevels, Count], topics: logTopics({}) });
    const happened = Array.from({ length: 1_000 }, (_, pieces) => StockEvents.ReorderPointSet({ ...at, pieces }));
    for (let thousands = 0; thousands <= 100; thousands++)
      await database.events.append({ stream: streamOf(at), events: happened, expected: 'any', metadata: {} });
    const count = service.handler(Count);
    await count.handle(CountCommands.StartCount({ ...at, countId: 'c-1' }));
    const { events } = await count.handle(CountCommands.RecordCount({ countId: 'c-1', counted: 1 }));
    const settling = new SettleCounts(service.handler(Stock), service.rows(StockLevels), count);
    await settling.settle(events[0] as never, { idempotencyKey: 'settled' });
    const told = await database.events.readStream('count-c-1');
    expect(told.map(({ type }) => type)).toEqual(['CountStarted', 'CountRecorded', 'CountFailed']);
    expect(told.at(-1)!.data).toMatchObject({ countId: 'c-1', ...at, why: expect.stringContaining('adjust it') });
  });
});
