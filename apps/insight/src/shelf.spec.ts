import { DemandEvents } from '@logfold-example/contracts';
import { given } from '@logfold/testing';
import { describe, it } from '@jest/globals';
import { Shelf, ShelfCommands } from './shelf.js';

const at = { sku: 'tea', location: 'main' };
const viewedAt = '2026-01-05T08:30:00.000Z';
const emptied = DemandEvents.ShelfEmptied(at);
const viewed = DemandEvents.ProductViewed({ ...at, viewedAt });
const missed = (views: number) => DemandEvents.OutOfStockDemand({ ...at, viewedAt, views });

describe('a shelf', () => {
  it('is looked at, and nothing follows while there are pieces', () => {
    given(Shelf, [])
      .when(ShelfCommands.ViewProduct({ ...at, viewedAt }))
      .then([viewed]);
  });

  it('counts who looks at it in vain, from the day that it was emptied', () => {
    given(Shelf, [emptied])
      .when(ShelfCommands.ViewProduct({ ...at, viewedAt }))
      .then([viewed, missed(1)]);
    given(Shelf, [emptied, viewed, missed(1)])
      .when(ShelfCommands.ViewProduct({ ...at, viewedAt }))
      .then([viewed, missed(2)]);
    given(Shelf, [emptied, viewed, missed(1), DemandEvents.ShelfFilled(at), emptied])
      .when(ShelfCommands.ViewProduct({ ...at, viewedAt }))
      .then([viewed, missed(1)]);
  });

  it('is emptied and filled in turns, however often the stock says it', () => {
    given(Shelf, [emptied]).when(ShelfCommands.NoteEmptied(at)).then([]);
    given(Shelf, []).when(ShelfCommands.NoteFilled(at)).then([]);
    given(Shelf, [emptied])
      .when(ShelfCommands.NoteFilled(at))
      .then([DemandEvents.ShelfFilled(at)]);
  });
});
