import { StockEvents } from '@logfold-example/contracts';
import { decideOn, fold, isRejection, type EventOf } from '@logfold/core';
import { given } from '@logfold/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { followed } from '../test/followed.js';
import { StockCommands } from './stock-commands.js';
import { Stock } from './stock.js';

const at = { sku: 'milk', location: 'main' };
const reason = 'quarantine of unit box-1';
const quarantine = StockCommands.Quarantine({ ...at, unitId: 'box-1', quantity: 12 });
const received = (quantity: number) => StockEvents.StockReceived({ ...at, quantity });
const reserved = StockEvents.StockReserved({ ...at, quantity: 5, orderId: 'o-1' });
const released = (quantity: number) => StockEvents.ReservationReleased({ ...at, quantity, orderId: 'o-1' });
const committed = StockEvents.StockCommitted({ ...at, quantity: 5, orderId: 'o-1' });
const shipped = StockEvents.StockShipped({ ...at, quantity: 5, orderId: 'o-1', from: 'committed' });
const owed = (quantity: number) => StockEvents.QuarantineOwed({ ...at, quantity, reason });
const damaged = (quantity: number) =>
  StockEvents.StockDamaged({ ...at, quantity, reason: 'quarantine: was promised to an order then' });

describe('the stock of a unit that was too warm', () => {
  it('is taken out of sale', () => {
    given(Stock, [received(20)])
      .when(quarantine)
      .then([StockEvents.StockDamaged({ ...at, quantity: 12, reason })]);
  });

  it('is so as far as it is available: what is promised to orders stays promised', () => {
    given(Stock, [received(15), reserved])
      .when(quarantine)
      .then([owed(2), StockEvents.StockDamaged({ ...at, quantity: 10, reason }), StockEvents.StockDepleted(at)]);
    given(Stock, [received(5), reserved])
      .when(quarantine)
      .then([owed(5)]); // the other seven were sold
    given(Stock, [received(5), reserved, owed(5)])
      .when(quarantine)
      .then([]);
    given(Stock, [received(5), reserved, committed])
      .when(quarantine)
      .then([owed(5)]);
    given(Stock, [received(5), reserved, committed, shipped])
      .when(quarantine)
      .then([]);
  });

  it('does not go back on sale when its order lets it go', () => {
    const short = [received(5), reserved, owed(2)];
    const release = StockCommands.Release({ ...at, orderId: 'o-1', quantity: 1 });
    given(Stock, short)
      .when(StockCommands.ReleaseOrder({ ...at, orderId: 'o-1' }))
      .then([released(5), damaged(2)]);
    given(Stock, short)
      .when(release)
      .then([released(1), damaged(1), StockEvents.StockDepleted(at)]);
    given(Stock, [...short, released(4), damaged(2)])
      .when(release)
      .then([released(1)]);
  });

  it('does not when it was paid for already, whether it was reserved or committed then', () => {
    const release = StockCommands.ReleaseOrder({ ...at, orderId: 'o-1' });
    const uncommitted = (quantity: number) =>
      StockEvents.ReservationReleased({ ...at, quantity, orderId: 'o-1', from: 'committed' });
    for (const before of [
      [received(5), reserved, committed, owed(5)],
      [received(5), reserved, owed(5), committed],
    ])
      given(Stock, before)
        .when(release)
        .then([uncommitted(5), damaged(5), StockEvents.StockDepleted(at)]);
    const half = StockEvents.StockCommitted({ ...at, quantity: 2, orderId: 'o-1' });
    given(Stock, [received(5), reserved, half, owed(4)])
      .when(release)
      .then([released(3), damaged(3), StockEvents.StockDepleted(at), uncommitted(2), damaged(1)]);
  });

  it('is what was promised then: neither what was shipped since, nor what others have reserved since', () => {
    const release = (orderId: string) => StockCommands.ReleaseOrder({ ...at, orderId });
    const other = { ...at, quantity: 5, orderId: 'o-2' };
    const since = [received(10), reserved, owed(5), StockEvents.StockReserved(other)];
    given(Stock, since)
      .when(release('o-2'))
      .then([StockEvents.ReservationReleased(other)]);
    given(Stock, since)
      .when(release('o-1'))
      .then([released(5), damaged(5), StockEvents.StockDepleted(at)]);
    given(Stock, [...since, committed, shipped])
      .when(release('o-2'))
      .then([StockEvents.ReservationReleased(other)]);
  });

  it('is owed of what was promised then and still is, and all of that is damaged in the end; each last piece is told', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { size: 'max', maxLength: 40 }), (asked) => {
        const last = ['a', 'b'].map((orderId) => StockCommands.ReleaseOrder({ ...at, orderId }));
        let state = fold(Stock, Stock.initial(), [received(12)]);
        for (const command of [...asked, ...last]) {
          const { warm, damaged: before } = state;
          const decision = decideOn(Stock, command, state);
          if (isRejection(decision)) continue;
          const after = followed(state, decision as EventOf<typeof StockEvents>[]);
          expect(decision.filter(({ type }) => type === 'StockDepleted')).toHaveLength(after.emptied);
          state = after.state;
          const among = Object.entries(state.warm.among);
          for (const [id, pieces] of among)
            expect(pieces).toBeLessThanOrEqual((state.reserved[id] ?? 0) + (state.committed[id] ?? 0));
          expect(state.warm.pieces).toBeLessThanOrEqual(among.reduce((sum, [, pieces]) => sum + pieces, 0));
          if (command.type.startsWith('Release')) expect(state.warm.pieces + state.damaged).toBe(warm.pieces + before);
        }
        expect(state.warm).toEqual({ pieces: 0, among: {} });
      }),
    );
  });
});

const ordered = fc.record({
  sku: fc.constant(at.sku),
  location: fc.constant(at.location),
  quantity: fc.integer({ min: 1, max: 6 }),
  orderId: fc.constantFrom('a', 'b'),
});
const anyCommand = fc.oneof(
  ordered.map(StockCommands.Allocate),
  ordered.map(StockCommands.Release),
  ordered.map(StockCommands.ReleaseOrder),
  ordered.map(StockCommands.Commit),
  ordered.map(StockCommands.ShipOrder),
  ordered.map(({ orderId: _by, ...of }) => StockCommands.Quarantine({ ...of, unitId: 'box-1' })),
  ordered.map(({ orderId: _by, ...of }) => StockCommands.Return(of)),
);
