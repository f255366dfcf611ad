import { SalesEvents } from '@logfold-example/contracts';
import { given } from '@logfold/testing';
import { describe, it } from '@jest/globals';
import { SalesByHour } from './hourly-sales.js';
import { SaleEvents } from './sales.js';

const sale = (time: string, total: number) =>
  SaleEvents.SaleRecorded({
    orderId: `o-${time}`,
    currency: 'GBP',
    placedAt: `2026-01-05T${time}:00.000Z`,
    pieces: 1,
    total,
    skus: [],
  });

describe('the sales of an hour', () => {
  it('stay a number that JSON keeps, whatever two orders cost', () => {
    const most = Number.MAX_SAFE_INTEGER;
    given(SalesByHour, [sale('09:05', most), sale('09:10', most), sale('10:10', 1)]).thenTold([
      SalesEvents.SalesHourClosed({
        hour: '2026-01-05T09:00:00.000Z',
        currency: 'GBP',
        orders: 2,
        pieces: 2,
        total: most,
      }),
    ]);
  });
});
