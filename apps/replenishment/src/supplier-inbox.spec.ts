import { DemandEvents } from '@logfold-example/contracts';
import { given } from '@logfold/testing';
import { describe, it } from '@jest/globals';
import { SupplierInbox } from './supplier-inbox.js';

const at = { sku: 'tea', location: 'main' };
const missed = (views: number, hour: string) =>
  DemandEvents.OutOfStockDemand({ ...at, views, viewedAt: `2026-01-05T${hour}:00:00.000Z` });

describe('the inbox of the suppliers', () => {
  it('holds what was looked for in vain, since when and how often', () => {
    given(SupplierInbox, [missed(1, '08'), missed(2, '09')]).thenRows([
      { ...at, views: 2, firstAt: '2026-01-05T08:00:00.000Z', lastAt: '2026-01-05T09:00:00.000Z' },
    ]);
  });

  it('lets go of what is there again', () => {
    given(SupplierInbox, [missed(1, '08'), DemandEvents.ShelfFilled(at)]).thenRows([]);
  });
});
