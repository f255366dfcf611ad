import { describe, expect, it } from '@jest/globals';
import { LOCATIONS, SKUS, trader, type Trade } from './trader.js';

const NOW = Date.UTC(2026, 0, 5);

describe('the trader', () => {
  it('does the same for the same seed, and something else for another', () => {
    expect(first(300, 7)).toEqual(first(300, 7));
    expect(first(300, 7)).not.toEqual(first(300, 8));
  });

  it('does all that is done at a counter, all that is done with orders, and looks', () => {
    const types = (service: string) =>
      new Set(first(2_000, 1).flatMap((trade) => (trade.service === service ? [trade.command.type] : [])));
    expect([...types('inventory')].sort()).toEqual([
      'Adjust',
      'Damage',
      'ReceiveStock',
      'Repair',
      'Return',
      'Scrap',
      'Ship',
    ]);
    expect([...types('ordering')].sort()).toEqual(['CancelOrder', 'MarkPaid', 'MarkShipped', 'PlaceOrder']);
    expect([...types('returns')].sort()).toEqual(['CancelReturn', 'InspectReturn', 'ReceiveReturn', 'RequestReturn']);
    expect([...types('counts')]).toEqual(['StartCount']);
    expect([...types('insight')]).toEqual(['ViewProduct']);
  });

  it('trades in its own SKUs and shops only', () => {
    for (const { sku, location } of first(500, 2).flatMap(places)) {
      expect(SKUS).toContain(sku);
      expect(LOCATIONS).toContain(location);
    }
    expect(SKUS.every((sku) => /^[A-Z]+-\d\d$/.test(sku))).toBe(true);
  });

  it('pays or cancels only what was placed, and ships only what was paid, each once', () => {
    const trades = first(2_000, 3);
    const placed = ordersOf(trades, 'PlaceOrder');
    const paid = ordersOf(trades, 'MarkPaid');
    const closed = [...paid, ...ordersOf(trades, 'CancelOrder')];
    const shipped = ordersOf(trades, 'MarkShipped');
    for (const [some, all] of [
      [closed, placed],
      [shipped, paid],
    ] as const) {
      expect(new Set(some).size).toBe(some.length);
      expect(some.filter((id) => !all.includes(id))).toEqual([]);
    }
    expect(shipped.length).toBeGreaterThan(100);
  });

  it('gives back pieces of what was shipped, each order once, and inspects what was received', () => {
    const trades = first(2_000, 4);
    const shipped = ordersOf(trades, 'MarkShipped');
    const returned = trades.flatMap(({ service, command }) =>
      service === 'returns' && command.type === 'RequestReturn' ? [command.data.orderId] : [],
    );
    expect(returned.length).toBeGreaterThan(20);
    expect(new Set(returned).size).toBe(returned.length);
    expect(returned.filter((id) => !shipped.includes(id))).toEqual([]);
    const ids = (type: string) =>
      trades.flatMap(({ service, command }) =>
        service === 'returns' && command.type === type ? [command.data.returnId] : [],
      );
    expect(ids('InspectReturn').filter((id) => !ids('ReceiveReturn').includes(id))).toEqual([]);
  });
});

function first(count: number, seed: number): Trade[] {
  const trading = trader(seed, NOW);
  return Array.from({ length: count }, () => trading.next().value);
}

function places({ service, command }: Trade): readonly { sku: string; location: string }[] {
  if (service === 'returns') return [];
  if (service !== 'ordering') return [command.data];
  return command.type === 'PlaceOrder' ? command.data.lines : [];
}

function ordersOf(trades: readonly Trade[], type: string): string[] {
  return trades.flatMap(({ service, command }) =>
    service === 'ordering' && command.type === type ? [command.data.orderId] : [],
  );
}
