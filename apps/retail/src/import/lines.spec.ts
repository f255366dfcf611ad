import { describe, expect, it } from '@jest/globals';
import { CommandBatch } from '@logfold/core';
import { memory } from '@logfold/testing';
import { Stock } from '@logfold-example/inventory';
import type { Invoice } from './invoices.js';
import { commandsOf, decideInvoice } from './lines.js';
import type { Row } from './row.js';

describe('the lines of an invoice', () => {
  it('are shipped for the order of its number', async () => {
    expect(await eventsOf(invoice('7', 'order', [row(3)]))).toEqual([
      ['StockReceived', { sku: 'A', location: 'main', quantity: 5, simulated: true }],
      ['StockShipped', { sku: 'A', location: 'main', quantity: 3, orderId: '7', from: 'available' }],
    ]);
  });

  it('share what was received for one of them, and receive only what is short', async () => {
    const events = await eventsOf(invoice('7', 'order', [row(3), row(2), row(4)]));
    expect(events.map(([type, data]) => [type, data.quantity])).toEqual([
      ['StockReceived', 5],
      ['StockShipped', 3],
      ['StockShipped', 2],
      ['StockDepleted', undefined],
      ['StockReceived', 6],
      ['StockShipped', 4],
    ]);
  });

  it('come back when the invoice is a cancellation', async () => {
    expect(await eventsOf(invoice('C7', 'return', [row(-3)]))).toEqual([
      ['StockReturned', { sku: 'A', location: 'main', quantity: 3, orderId: 'C7' }],
    ]);
  });

  it('correct the stock when they are negative otherwise, with the description as the reason', async () => {
    const events = await eventsOf(invoice('7', 'adjustment', [row(-3, 'wet pallet'), row(-1, '')]));
    expect(events.filter(([type]) => type === 'StockAdjusted').map(([, data]) => [data.quantity, data.reason])).toEqual(
      [
        [-3, 'wet pallet'],
        [-1, 'no reason given'],
      ],
    );
  });

  it('move nothing when their quantity is 0', async () => {
    expect(await eventsOf(invoice('7', 'order', [row(0)]))).toEqual([]);
  });
});

async function eventsOf(of: Invoice): Promise<[string, Record<string, unknown>][]> {
  const batch = new CommandBatch(Stock, memory().events);
  const commands = commandsOf(of);
  await batch.load(commands.map(({ stream }) => stream));
  const count = decideInvoice(batch, of.number, commands, ({ missing }) => missing + 2);
  const events = batch
    .take()
    .flatMap((append) => append.events.map(({ type, data }): [string, Record<string, unknown>] => [type, data]));
  expect(count).toBe(events.length);
  return events;
}

function invoice(number: string, kind: Invoice['kind'], rows: Row[]): Invoice {
  return { number, kind, rows, duplicates: 0, rowsHash: '' };
}

function row(quantity: number, description = 'LANTERN'): Row {
  const about = { date: '2020-01-01 10:00:00', unitPrice: 2_550, customer: '', country: '' };
  return { invoice: '7', sku: 'A', description, quantity, ...about, text: '' };
}
