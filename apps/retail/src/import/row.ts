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
  /** As it stands in the file, such as `2010-12-01 08:26:00`. */
  readonly date: string;
  /** In thousandths of a pound; negative only for what is about debts. */
  readonly unitPrice: number;
  /** '' where it is not known. */
  readonly customer: string;
  readonly country: string;
  /** All columns as one text: rows are the same when their texts are. */
  readonly text: string;
}

// What the events of stock and of orders can hold.
const QUANTITY_LIMIT = 1_000_000_000;
const PRICE_LIMIT = 1_000_000;
const NAME_LIMIT = 100;
const wholeNumber = /^[+-]?\d{1,10}$/;
const decimal = /^([+-]?)(\d+)(?:\.(\d+))?$/;
const timestamp = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})(?::(\d{2}))?$/;
const controlCharacter = /\p{Cc}/u;

/** Checks the cells of a record. @returns the row, or what is wrong with it. */
export function rowOf(cells: readonly string[]): Row | string {
  if (cells.length !== COLUMNS.length) return `has ${columns(cells.length)}, expected ${COLUMNS.length}`;
  const [invoice, sku, description, quantityText, date, price, customer, country] = cells as Cells;
  const name =
    badName('invoice number', invoice) ??
    badName('stock code', sku) ??
    (customer.trim() === '' ? undefined : badName('customer', customer)) ??
    (country.trim() === '' ? undefined : badName('country', country));
  if (name !== undefined) return name;
  const quantity = Number(quantityText);
  if (!wholeNumber.test(quantityText)) return `the quantity ${quote(quantityText)} is not a whole number`;
  if (Math.abs(quantity) > QUANTITY_LIMIT) return `the quantity ${quantityText} is beyond ${QUANTITY_LIMIT}`;
  if (isCancellation(invoice) && quantity > 0)
    return `the cancellation ${invoice} has the quantity ${quantity}, expected a negative one`;
  if (!isDate(date)) return `the invoice date ${quote(date)} is not a time such as "2010-12-01 08:26:00"`;
  const unitPrice = thousandths(price);
  if (typeof unitPrice === 'string') return unitPrice;
  if (unitPrice < 0 && !isAboutDebts(invoice)) return `the unit price ${price} is negative`;
  const about = { date, unitPrice, customer: withoutFraction(customer.trim()), country: country.trim() };
  return { invoice, sku, description, quantity, ...about, text: cells.join('\u001f') };
}

type Cells = [
  invoice: string,
  sku: string,
  description: string,
  quantity: string,
  date: string,
  price: string,
  customer: string,
  country: string,
];

/** True for an invoice that takes goods back. */
export function isCancellation(invoice: string): boolean {
  return invoice.startsWith('C');
}

/** True for an invoice about money alone, such as a bad debt. */
export function isAboutDebts(invoice: string): boolean {
  return invoice.startsWith('A');
}

/** The time of a good date, as if it were in Greenwich: the files tell no time zone. */
export function timeOf(date: string): string {
  return `${date.slice(0, 10)}T${date.slice(11, 16)}:${date.slice(17, 19) || '00'}.000Z`;
}

/** A price such as `2.55` in thousandths; or what is wrong with it. Never by way of a fraction: 1.005 * 1000 is none of them. */
function thousandths(price: string): number | string {
  const parts = decimal.exec(price);
  if (!parts) return `the unit price ${quote(price)} is not a number`;
  const [, sign, whole = '', fraction = ''] = parts;
  if (/[1-9]/.test(fraction.slice(3))) return `the unit price ${quote(price)} has more than three decimals`;
  if (Number(whole) > PRICE_LIMIT) return `the unit price ${price} is beyond ${PRICE_LIMIT}`;
  const value = Number(whole) * 1_000 + Number(fraction.slice(0, 3).padEnd(3, '0'));
  if (value > PRICE_LIMIT * 1_000) return `the unit price ${price} is beyond ${PRICE_LIMIT}`;
  return sign === '-' && value > 0 ? -value : value;
}

/** The sample year writes its customers' numbers as `17850.0`. */
function withoutFraction(customer: string): string {
  return customer.endsWith('.0') ? customer.slice(0, -2) : customer;
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
