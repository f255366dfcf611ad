import { StockEvents } from '@logfold-example/contracts';
import { given } from '@logfold/testing';
import { describe, it } from '@jest/globals';
import { StockCommands } from './stock-commands.js';
import { Stock } from './stock.js';

const at = { sku: 'milk', location: 'main' };
const reason = 'quarantine of unit box-1';
const quarantine = StockCommands.Quarantine({ ...at, unitId: 'box-1', quantity: 12 });
const received = (quantity: number) => StockEvents.StockReceived({ ...at, quantity });
const reserved = StockEvents.StockReserved({ ...at, quantity: 5, orderId: 'o-1' });

describe('the stock of a unit that was too warm', () => {
  it('is taken out of sale', () => {
    given(Stock, [received(20)])
      .when(quarantine)
      .then([StockEvents.StockDamaged({ ...at, quantity: 12, reason })]);
  });

  it('is so as far as it is available: what is promised to orders stays promised', () => {
    given(Stock, [received(15), reserved])
      .when(quarantine)
      .then([StockEvents.StockDamaged({ ...at, quantity: 10, reason }), StockEvents.StockDepleted(at)]);
    given(Stock, [received(5), reserved])
      .when(quarantine)
      .then([]);
  });
});
