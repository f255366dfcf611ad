import { OrderEvents } from '@logfold-example/contracts';
import { given } from '@logfold/testing';
import { describe, it } from '@jest/globals';
import { DailySales } from './daily-sales.js';
import { TopSellers } from './top-sellers.js';

const tea = { sku: 'tea', location: 'main', quantity: 3, unitPrice: 2_550 };
const cup = { sku: 'cup', location: 'main', quantity: 2, unitPrice: 995 };

describe('daily sales', () => {
  it('add up what was ordered in a day, by UTC', () => {
    given(DailySales, [
      placed('o-1', [tea, cup], '2026-01-05T00:00:00.000Z'),
      placed('o-2', [tea], '2026-01-05T23:59:59.999Z'),
      placed('o-3', [cup], '2026-01-06T00:00:00.000Z'),
    ]).thenRows([
      { day: '2026-01-05', currency: 'GBP', orders: 2, lines: 3, pieces: 8, revenue: 17_290 },
      { day: '2026-01-06', currency: 'GBP', orders: 1, lines: 1, pieces: 2, revenue: 1_990 },
    ]);
  });

  it('keep currencies apart, and cancelled orders in', () => {
    given(DailySales, [
      placed('o-1', [cup]),
      placed('o-2', [cup], undefined, 'EUR'),
      OrderEvents.OrderCancelled({ orderId: 'o-1', stock: [], reason: 'no' }),
    ]).thenRows([
      { day: '2026-01-05', currency: 'EUR', orders: 1, lines: 1, pieces: 2, revenue: 1_990 },
      { day: '2026-01-05', currency: 'GBP', orders: 1, lines: 1, pieces: 2, revenue: 1_990 },
    ]);
  });
});

describe('top sellers', () => {
  it('count an order once for each SKU, and all its lines of it', () => {
    given(TopSellers, [
      placed('o-1', [tea, cup, { ...tea, location: 'shop', quantity: 1, unitPrice: 2_000 }]),
      placed('o-2', [tea]),
    ]).thenRows([
      { day: '2026-01-05', sku: 'cup', currency: 'GBP', orders: 1, pieces: 2, revenue: 1_990 },
      { day: '2026-01-05', sku: 'tea', currency: 'GBP', orders: 2, pieces: 7, revenue: 17_300 },
    ]);
  });
});

function placed(orderId: string, lines: (typeof tea)[], placedAt = '2026-01-05T08:30:00.000Z', currency = 'GBP') {
  return OrderEvents.OrderPlaced({ orderId, lines, currency, placedAt, origin: 'shop' });
}
