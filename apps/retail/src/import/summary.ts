import type { Invoice } from './invoices.js';
import { movementOf } from './lines.js';

/** What an import read, and what it stands for in the log. */
export interface Summary {
  /** All rows of the input. */
  rows: number;
  /** Rows that repeat another in every column. */
  duplicates: number;
  /** Invoices that sell something. */
  orders: number;
  /** Invoices that take something back. */
  returns: number;
  shippedLines: number;
  returnedLines: number;
  adjustedLines: number;
  /** Rows about debts, and rows whose quantity is 0. */
  ignoredLines: number;
  /** Events that the input stands for in the two logs, whether this run or an earlier one appended them. */
  events: number;
  /** Events that this run appended. */
  appended: number;
  /** From the start to the last append. */
  seconds: number;
  eventsPerSecond: number;
  /** Invoices that were left out, since they were imported before with other rows. */
  conflicts: number;
}

/** A summary of nothing, to count in. */
export function emptySummary(): Summary {
  const lines = { shippedLines: 0, returnedLines: 0, adjustedLines: 0, ignoredLines: 0 };
  const log = { events: 0, appended: 0, seconds: 0, eventsPerSecond: 0, conflicts: 0 };
  return { rows: 0, duplicates: 0, orders: 0, returns: 0, ...lines, ...log };
}

/** Counts an invoice and its lines. */
export function countInvoice(summary: Summary, invoice: Invoice): void {
  summary.duplicates += invoice.duplicates;
  if (invoice.kind === 'order') summary.orders += 1;
  if (invoice.kind === 'return') summary.returns += 1;
  for (const row of invoice.rows) {
    const movement = movementOf(invoice, row);
    if (movement === 'shipped') summary.shippedLines += 1;
    if (movement === 'returned') summary.returnedLines += 1;
    if (movement === 'adjusted') summary.adjustedLines += 1;
    if (movement === 'none') summary.ignoredLines += 1;
  }
}

/** The time that the import took, and the rate that follows from it. */
export function withTime(summary: Summary, milliseconds: number): Summary {
  const seconds = Math.round(milliseconds) / 1_000;
  return { ...summary, seconds, eventsPerSecond: seconds > 0 ? Math.round(summary.appended / seconds) : 0 };
}

/** The summary in words. */
export function summaryText(summary: Summary): string {
  const { rows, duplicates, orders, returns, shippedLines, returnedLines, adjustedLines, ignoredLines } = summary;
  const { events, appended, seconds, eventsPerSecond, conflicts } = summary;
  const lines = [
    `${counted(rows, 'row')}, ${counted(duplicates, 'duplicate')} among them: ${counted(orders, 'order')} and ${counted(returns, 'return')}.`,
    `Lines: ${number(shippedLines)} shipped, ${number(returnedLines)} returned, ${number(adjustedLines)} adjusted, ${number(ignoredLines)} ignored.`,
    `They stand for ${counted(events, 'event')}; this run appended ${number(appended)} in ${seconds.toFixed(1)} s (${number(eventsPerSecond)} events/s).`,
  ];
  if (conflicts > 0) lines.push(`Left out: ${counted(conflicts, 'invoice')} that came with other rows before.`);
  return lines.join('\n');
}

/** How many of something: `1 row`, `2,000 rows`. */
export function counted(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A number with thousands apart. */
export function number(value: number): string {
  return value.toLocaleString('en-US');
}
