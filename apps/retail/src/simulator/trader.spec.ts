import { describe, expect, it } from '@jest/globals';
import { LOCATIONS, SKUS, trader, type StockCommand } from './trader.js';

describe('the trader', () => {
  it('does the same for the same seed, and something else for another', () => {
    expect(first(300, 7)).toEqual(first(300, 7));
    expect(first(300, 7)).not.toEqual(first(300, 8));
  });

  it('does everything that can be done with stock', () => {
    const types = new Set(first(500, 1).map(({ type }) => type));
    expect([...types].sort()).toEqual(['Adjust', 'Commit', 'ReceiveStock', 'Release', 'Reserve', 'Return', 'Ship']);
  });

  it('trades in its own SKUs and shops only', () => {
    for (const { data } of first(500, 2)) {
      expect(SKUS).toContain(data.sku);
      expect(LOCATIONS).toContain(data.location);
    }
    expect(SKUS.every((sku) => /^[A-Z]+-\d\d$/.test(sku))).toBe(true);
  });

  it('commits and releases only what it tried to reserve, each order once', () => {
    const commands = first(2_000, 3);
    const reserved = commands.filter(({ type }) => type === 'Reserve').map(orderId);
    const closed = commands.filter(({ type }) => type === 'Commit' || type === 'Release').map(orderId);
    expect(new Set(closed).size).toBe(closed.length);
    expect(closed.filter((id) => !reserved.includes(id))).toEqual([]);
  });
});

function first(count: number, seed: number): StockCommand[] {
  const trading = trader(seed);
  return Array.from({ length: count }, () => trading.next().value);
}

function orderId(command: StockCommand): string {
  return (command.data as { orderId: string }).orderId;
}
