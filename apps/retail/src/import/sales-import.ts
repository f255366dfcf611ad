import type { Database } from '@logfold/core';
import { ImportError, type BrokenRow } from './errors.js';
import { importedInvoices, type ImportedInvoice } from './import-events.js';
import { Importer } from './importer.js';
import type { Input } from './input.js';
import { invoicesOf, type Invoice } from './invoices.js';
import type { Progress } from './progress.js';
import { seededReplenishment } from './replenishment.js';
import type { Row } from './row.js';
import { salesRows } from './sales-file.js';
import { counted, countInvoice, emptySummary, withTime, type Summary } from './summary.js';

/** The parts of an import. */
export interface SalesImportOptions {
  readonly database: Database;
  readonly input: Input;
  /** Of the policy that makes up receipts. */
  readonly seed: number;
  readonly progress: Progress;
  /** Stops between two invoices: what was read so far is imported then. */
  readonly signal?: AbortSignal;
}

/** What an import did, and the position up to which the log holds it. */
export interface SalesImport {
  readonly summary: Summary;
  readonly position: bigint;
}

const CONFLICTS_SHOWN = 10;

/**
 * Imports sales into the log of inventory: the same data again, in whatever files it comes, appends nothing. Reads no
 * faster than the log takes it.
 * @throws ImportError at the first thing in the input that cannot be imported; invoices before it are in the log then.
 */
export async function importSales({
  database,
  input,
  seed,
  progress,
  signal,
}: SalesImportOptions): Promise<SalesImport> {
  const started = performance.now();
  const summary = emptySummary();
  const known = await importedInvoices(database.events);
  const seen = new Map<string, string>();

  const importer = new Importer({
    database,
    replenishment: seededReplenishment(seed),
    onRetry: (error) => progress.note(`${(error as Error).message}; trying again`),
    onImported: inLog,
  });

  async function take(invoice: Invoice): Promise<void> {
    if (signal?.aborted) throw new ImportError('Stopped: run it again to go on where it was');
    const before = seen.get(invoice.number);
    if (before !== undefined) {
      if (before === invoice.rowsHash) summary.duplicates += invoice.rows.length + invoice.duplicates;
      else conflict(invoice, 'comes a second time');
      return;
    }
    seen.set(invoice.number, invoice.rowsHash);
    const imported = known.invoices.get(invoice.number);
    if (imported) inLog(invoice, imported);
    else if (invoice.kind === 'ignored') countInvoice(summary, invoice);
    else await importer.add(invoice);
  }

  function inLog(invoice: Invoice, { rowsHash, events, run }: ImportedInvoice): void {
    if (rowsHash !== invoice.rowsHash) return conflict(invoice, 'was imported before');
    countInvoice(summary, invoice);
    summary.events += events + 1; // and the note itself
    if (run === importer.run) summary.appended += events + 1;
  }

  function conflict({ number, rows }: Invoice, how: string): void {
    summary.conflicts += 1;
    if (summary.conflicts <= CONFLICTS_SHOWN)
      progress.note(`Invoice ${number} ${how} with other rows: left out with its ${counted(rows.length, 'row')}`);
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
  const position = importer.position > known.position ? importer.position : known.position;
  return { summary: withTime(summary, performance.now() - started), position };
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
