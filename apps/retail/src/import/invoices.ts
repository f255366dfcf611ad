import { hash } from 'node:crypto';
import { BrokenRow } from './errors.js';
import { isAboutDebts, isCancellation, type Row } from './row.js';

/** What an invoice is about. `adjustment`: it sells nothing, it only corrects stock. */
export type InvoiceKind = 'order' | 'return' | 'adjustment' | 'ignored';

/** An invoice with all its rows. */
export interface Invoice {
  readonly number: string;
  readonly kind: InvoiceKind;
  /** Without those that repeat another in every column. */
  readonly rows: readonly Row[];
  readonly duplicates: number;
  /** The same for the same rows in any order. */
  readonly rowsHash: string;
}

/**
 * How many rows of other invoices may stand between two of one invoice. The rows of an invoice nearly always stand
 * together (in the sample year all but one do, and none spans two files); the window bounds the memory.
 */
export const WINDOW_ROWS = 10_000;

/**
 * Gathers rows into invoices, wherever the files begin and end: an invoice is given when `window` rows have come since
 * its last one, or at the end of the input, in the order of their last rows.
 *
 * At a broken row no invoice is begun any more; those that are open are gathered to their ends and given, except the
 * one that the broken row belongs to: its own if it names one, else that of the row before it.
 * @throws BrokenRow, the first one, after the last invoice that is whole.
 */
export async function* invoicesOf(
  batches: AsyncIterable<readonly (Row | BrokenRow)[]>,
  window: number = WINDOW_ROWS,
): AsyncGenerator<Invoice[]> {
  const open = new Map<string, { rows: Row[]; last: number }>(); // the one whose last row is oldest comes first
  const poisoned = new Set<string>();
  let broken: { readonly error: BrokenRow; readonly at: number } | undefined;
  let current = '';
  let count = 0;

  for await (const batch of batches) {
    const complete: Invoice[] = [];
    for (const row of batch) {
      count += 1;
      if (row instanceof BrokenRow) {
        poisoned.add(row.invoice ?? current);
        broken ??= { error: row, at: count };
        continue;
      }
      if (row.invoice !== current) {
        current = row.invoice;
        complete.push(...close((last) => count - last > window));
        const entry = open.get(current) ?? { rows: [], last: 0 };
        if (!broken || entry.last > 0) {
          open.delete(current); // to the end of the map
          open.set(current, entry);
        }
      }
      const entry = open.get(current);
      entry?.rows.push(row);
      if (entry) entry.last = count;
    }
    if (complete.length > 0) yield complete;
    if (broken && count - broken.at > window) break;
  }
  const rest = close(() => true);
  if (rest.length > 0) yield rest;
  if (broken) throw broken.error;

  function close(isOver: (last: number) => boolean): Invoice[] {
    const closed: Invoice[] = [];
    for (const [number, { rows, last }] of open) {
      if (!isOver(last)) break;
      open.delete(number);
      if (!poisoned.has(number)) closed.push(invoice(number, rows));
    }
    return closed;
  }
}

function invoice(number: string, all: readonly Row[]): Invoice {
  const distinct = new Map<string, Row>();
  for (const row of all) if (!distinct.has(row.text)) distinct.set(row.text, row);
  const rows = [...distinct.values()];
  const rowsHash = hash('sha256', [...distinct.keys()].sort().join('\u001e'), 'base64url');
  return { number, kind: kindOf(number, rows), rows, duplicates: all.length - rows.length, rowsHash };
}

function kindOf(number: string, rows: readonly Row[]): InvoiceKind {
  if (isAboutDebts(number)) return 'ignored';
  if (isCancellation(number)) return 'return';
  if (rows.some(({ quantity }) => quantity > 0)) return 'order';
  return rows.some(({ quantity }) => quantity < 0) ? 'adjustment' : 'ignored';
}
