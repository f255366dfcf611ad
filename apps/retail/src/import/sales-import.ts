import type { Database } from '@logfold/core';
import { ImportError, type BrokenRow } from './errors.js';
import { importedInvoices } from './import-events.js';
import { Importer, isOther, isWhole, type Imported, type Positions } from './importer.js';
import type { Input } from './input.js';
import { invoicesOf, type Invoice } from './invoices.js';
import { EVENTS_PER_ORDER, importedOrders, isOrder } from './orders.js';
import type { Progress } from './progress.js';
import { seededReplenishment } from './replenishment.js';
import type { Row } from './row.js';
import { salesRows } from './sales-file.js';
import { counted, countInvoice, emptySummary, withTime, type Summary } from './summary.js';

/** The parts of an import. */
export interface SalesImportOptions {
  readonly inventory: Database;
  readonly ordering: Database;
  readonly input: Input;
  /** Of the policy that makes up receipts. */
  readonly seed: number;
  readonly progress: Progress;
  /** Stops between two invoices: what was read so far is imported then. */
  readonly signal?: AbortSignal;
}

/** What an import did, and the positions up to which the logs hold it. */
export interface SalesImport {
  readonly summary: Summary;
  readonly positions: Positions;
}

const CONFLICTS_SHOWN = 10;

/**
 * Imports sales into the logs of inventory and ordering: the same data again, in whatever files it comes, appends nothing. Reads no
 * faster than the log takes it.
 * @throws ImportError at the first thing in the input that cannot be imported; invoices before it are in the log then.
 */
export async function importSales({
  inventory,
  ordering,
  input,
  seed,
  progress,
  signal,
}: SalesImportOptions): Promise<SalesImport> {
  const started = performance.now();
  const summary = emptySummary();
  const moved = await importedInvoices(inventory.events);
  const ordered = await importedOrders(ordering.events);
  const seen = new Map<string, string>();

  const importer = new Importer({
    inventory,
    ordering,
    replenishment: seededReplenishment(seed),
    onRetry: (error) => progress.note(`${(error as Error).message}; trying again`),
    onImported: inLog,
  });

  async function take(invoice: Invoice): Promise<void> {
    if (signal?.aborted) throw new ImportError('Stopped: run it again to go on where it was');
    const before = seen.get(invoice.number);
    if (before !== undefined) {
      if (before === invoice.rowsHash) summary.duplicates += invoice.rows.length + invoice.duplicates;
      else conflict(invoice, 'comes a second time with other rows');
      return;
    }
    seen.set(invoice.number, invoice.rowsHash);
    const known = knownOf(invoice);
    if (isWhole(invoice, known) || isOther(invoice, known)) inLog(invoice, known);
    else if (invoice.kind === 'ignored') countInvoice(summary, invoice);
    else await importer.add(invoice, known);
  }

  function knownOf(invoice: Invoice): Imported {
    const stock = moved.invoices.get(invoice.number);
    const order = isOrder(invoice) ? ordered.orders.get(invoice.number) : undefined;
    return { ...(stock ? { stock } : {}), ...(order ? { order } : {}) };
  }

  function inLog(invoice: Invoice, known: Imported): void {
    if (isOther(invoice, known))
      return conflict(
        invoice,
        known.order && known.order.rowsHash === undefined
          ? 'has the number of an order of the shop'
          : 'was imported before with other rows',
      );
    countInvoice(summary, invoice);
    const { stock, order } = known;
    if (stock) count(stock.events + 1, stock.run); // and the note itself
    if (order) count(EVENTS_PER_ORDER, order.run);
  }

  function count(events: number, run: string): void {
    summary.events += events;
    if (run === importer.run) summary.appended += events;
  }

  function conflict({ number, rows }: Invoice, how: string): void {
    summary.conflicts += 1;
    if (summary.conflicts <= CONFLICTS_SHOWN)
      progress.note(`Invoice ${number} ${how}: left out with its ${counted(rows.length, 'row')}`);
    if (summary.conflicts === CONFLICTS_SHOWN) progress.note('Further invoices like this are only counted');
  }

  try {
    for await (const invoices of invoicesOf(rowsOf(input, summary, progress)))
      for (const invoice of invoices) await take(invoice);
  } catch (error) {
    if (error instanceof ImportError) await importer.finish();
    throw error;
  }
  await importer.finish();
  const { positions } = importer;
  return {
    summary: withTime(summary, performance.now() - started),
    positions: {
      inventory: positions.inventory > moved.position ? positions.inventory : moved.position,
      ordering: positions.ordering > ordered.position ? positions.ordering : ordered.position,
    },
  };
}

async function* rowsOf(
  input: Input,
  summary: Summary,
  progress: Progress,
): AsyncGenerator<readonly (Row | BrokenRow)[]> {
  let bytes = 0;
  for (const file of input.files)
    for await (const piece of salesRows(file)) {
      summary.rows += piece.rows.length;
      bytes += piece.bytes;
      progress.update(summary.rows, bytes);
      yield piece.rows;
    }
}
