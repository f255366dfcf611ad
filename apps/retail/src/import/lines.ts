import { StockCommands, type Stock } from '@logfold-example/inventory';
import type { CommandBatch, CommandOf, Decider } from '@logfold/core';
import { isRejection } from '@logfold/core';
import { ImportError } from './errors.js';
import type { Invoice } from './invoices.js';
import type { Replenishment } from './replenishment.js';
import { isCancellation, type Row } from './row.js';

type StockOf<D> = D extends Decider<infer S, infer C, infer E> ? CommandBatch<S, C, E> : never;

/** A batch of decisions about stock. */
export type StockBatch = StockOf<typeof Stock>;

/** A command about stock. */
export type StockCommand = CommandOf<typeof StockCommands>;

/** What a row does to the stock. `none`: it is about money, or moves nothing. */
export type Movement = 'shipped' | 'returned' | 'adjusted' | 'none';

/** Where all stock of the sales data lies: it tells of no shops. */
export const LOCATION = 'main';

/** What a row of an invoice does to the stock. */
export function movementOf(invoice: Invoice, { quantity }: Row): Movement {
  if (invoice.kind === 'ignored' || quantity === 0) return 'none';
  if (isCancellation(invoice.number)) return 'returned';
  return quantity > 0 ? 'shipped' : 'adjusted';
}

/** The commands that an invoice stands for, one for each row that moves something. */
export function commandsOf(invoice: Invoice): StockCommand[] {
  const commands: StockCommand[] = [];
  for (const row of invoice.rows) {
    const { sku, quantity } = row;
    const at = { sku, location: LOCATION };
    const movement = movementOf(invoice, row);
    if (movement === 'shipped') commands.push(StockCommands.Ship({ ...at, quantity, orderId: invoice.number }));
    if (movement === 'returned')
      commands.push(StockCommands.Return({ ...at, quantity: -quantity, orderId: invoice.number }));
    if (movement === 'adjusted') commands.push(StockCommands.Adjust({ ...at, quantity, reason: reasonOf(row) }));
  }
  return commands;
}

/**
 * Decides the commands of an invoice. What is not there is received first, marked as simulated.
 * @returns how many events they led to.
 * @throws ImportError when stock refuses a command for another reason than a shortage.
 */
export function decideInvoice(
  batch: StockBatch,
  invoice: string,
  commands: readonly StockCommand[],
  replenishment: Replenishment,
): number {
  let events = 0;
  for (const command of commands) {
    let decision = batch.decide(command);
    if (isRejection(decision) && decision.rejected === 'short') {
      const { available, requested } = decision.details as { available: number; requested: number };
      const quantity = replenishment({ sku: command.data.sku, invoice, missing: requested - available });
      const { sku, location } = command.data;
      const received = batch.decide(StockCommands.ReceiveStock({ sku, location, quantity, simulated: true }));
      if (!isRejection(received)) events += received.length;
      decision = batch.decide(command);
    }
    if (isRejection(decision)) throw new ImportError(`Invoice ${invoice} cannot be imported: ${decision.message}`);
    events += decision.length;
  }
  return events;
}

/** The description of a correction is its reason: `damaged`, `thrown away`. Two thirds of them in the sample year have none. */
function reasonOf({ description }: Row): string {
  const text = description
    .replaceAll(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, 500);
  return text === '' ? 'no reason given' : text.toWellFormed();
}
