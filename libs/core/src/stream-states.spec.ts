import { expect, test } from '@jest/globals';
import { memory } from '@logfold/testing';
import { receive, reserve, Stock } from '../test/shop.js';
import { commandHandler } from './command-handler.js';

test('events that cannot be folded are not appended, and block no later command', async () => {
  const database = memory();
  const evolve = {
    ...Stock.evolve,
    StockReserved: () => {
      throw new RangeError('a bug');
    },
  };
  const stock = commandHandler({ ...Stock, evolve } as typeof Stock, database.events);
  await stock.handle(receive(3));
  await expect(stock.handle(reserve(1))).rejects.toThrow('a bug');
  expect(await database.events.readStream('stock-tea')).toHaveLength(1);
  expect(await stock.handle(receive(1))).toMatchObject({ version: 2 });
});
