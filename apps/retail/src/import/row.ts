/** The columns that a sales file must have, in this order. */
export const COLUMNS = [
  'InvoiceNo',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'UnitPrice',
  'CustomerID',
  'Country',
] as const;

/** A line of an invoice. */
export interface Row {
  /** Six digits in the sample year, behind a `C` for a cancellation or an `A` for an adjustment of debts. */
  readonly invoice: string;
  readonly sku: string;
  readonly description: string;
  /** Negative for what came back, or was found missing. */
  readonly quantity: number;
  /** All columns as one text: rows are the same when their texts are. */
  readonly text: string;
}

// What the events of stock can hold.
const QUANTITY_LIMIT = 1_000_000_000;
const NAME_LIMIT = 100;
const wholeNumber = /^[+-]?\d{1,10}$/;
const decimal = /^[+-]?\d+(\.\d+)?$/;
const timestamp = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})(?::(\d{2}))?$/;
const controlCharacter = /\p{Cc}/u;

/** Checks the cells of a record. @returns the row, or what is wrong with it. */
export function rowOf(cells: readonly string[]): Row | string {
  if (cells.length !== COLUMNS.length) return `has ${columns(cells.length)}, expected ${COLUMNS.length}`;
  const [invoice, sku, description, quantityText, date, price] = cells as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const name = badName('invoice number', invoice) ?? badName('stock code', sku);
  if (name !== undefined) return name;
  const quantity = Number(quantityText);
  if (!wholeNumber.test(quantityText)) return `the quantity ${quote(quantityText)} is not a whole number`;
  if (Math.abs(quantity) > QUANTITY_LIMIT) return `the quantity ${quantityText} is beyond ${QUANTITY_LIMIT}`;
  if (isCancellation(invoice) && quantity > 0)
    return `the cancellation ${invoice} has the quantity ${quantity}, expected a negative one`;
  if (!isDate(date)) return `the invoice date ${quote(date)} is not a time such as "2010-12-01 08:26:00"`;
  if (!decimal.test(price)) return `the unit price ${quote(price)} is not a number`;
  return { invoice, sku, description, quantity, text: cells.join('\u001f') };
}

/** True for an invoice that takes goods back. */
export function isCancellation(invoice: string): boolean {
  return invoice.startsWith('C');
}

/** True for an invoice about money alone, such as a bad debt. */
export function isAboutDebts(invoice: string): boolean {
  return invoice.startsWith('A');
}

let lastGoodDate = '';

/** The lines of an invoice mostly share their date: the last good one is remembered. */
function isDate(text: string): boolean {
  if (text === lastGoodDate) return true;
  const parts = timestamp.exec(text);
  if (!parts) return false;
  const [year, month, day, hour, minute, second] = parts.slice(1).map((part) => Number(part ?? 0)) as number[];
  const date = new Date(Date.UTC(year!, month! - 1, day!, hour!, minute!, second!));
  const same =
    date.getUTCMonth() === month! - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute;
  if (same) lastGoodDate = text;
  return same;
}

function badName(what: string, name: string): string | undefined {
  if (name.trim() === '') return `the ${what} is missing`;
  if (name.length > NAME_LIMIT) return `the ${what} has ${name.length} characters, ${NAME_LIMIT} at most`;
  if (controlCharacter.test(name)) return `the ${what} ${quote(name)} holds a control character`;
  return undefined;
}

function columns(count: number): string {
  return count === 1 ? '1 column' : `${count} columns`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
