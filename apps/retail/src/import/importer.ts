import { Stock } from '@logfold-example/inventory';
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import {
  backoffMs,
  CommandBatch,
  isRetryable,
  systemClock,
  WrongExpectedVersion,
  type Append,
  type Database,
} from '@logfold/core';
import { appendTogether } from './appending.js';
import { importedInvoice, ImportEvents, importStream, type ImportedInvoice } from './import-events.js';
import type { Invoice } from './invoices.js';
import { commandsOf, decideInvoice, type StockBatch, type StockCommand } from './lines.js';
import { importedOrder, isOrder, orderOf, type ImportedOrder } from './orders.js';
import type { Replenishment } from './replenishment.js';

/** The parts of an importer. */
export interface ImporterOptions {
  /** Takes what invoices do to the stock, and the notes that they were imported. */
  readonly inventory: Database;
  /** Takes the orders. */
  readonly ordering: Database;
  readonly replenishment: Replenishment;
  /** Lines per transaction, at least: whole invoices are gathered up to it. */
  readonly batchLines?: number;
  /** Told of every attempt that failed and will be repeated. */
  readonly onRetry?: (error: unknown) => void;
  /** Told of each invoice that is in both logs now. */
  readonly onImported: (invoice: Invoice, imported: Imported) => void;
}

/** What an invoice left in the two logs. */
export interface Imported {
  readonly stock?: ImportedInvoice;
  /** Only an invoice that sells something becomes an order. */
  readonly order?: ImportedOrder;
}

/** How far the two logs reached with the last events that were appended; 0n before the first. */
export interface Positions {
  readonly inventory: bigint;
  readonly ordering: bigint;
}

/** An invoice, and what the logs hold of it already. */
interface Waiting {
  readonly invoice: Invoice;
  readonly known: Imported;
  /** Its order, if that is to be appended: decided when the invoice comes, so that a bad one stops nothing before it. */
  readonly order: Append | undefined;
}

/** Events of some invoices, decided and ready to be appended. */
interface Plan {
  readonly waiting: readonly Waiting[];
  readonly stock: readonly Append[];
  readonly imported: ReadonlyMap<Invoice, Imported>;
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

const BATCH_LINES = 4_000;
const PAUSE_LINES = 500;
const STREAM_LIMIT = 50_000;
const RETRIES = 12;
const BACKOFF = { firstMs: 100, maxMs: 5_000 };

/**
 * Imports invoices into two logs: the order into that of ordering, then what it does to the stock, with the note that it
 * was imported, into that of the inventory. Each of the two is whole or not at all, and shared with its neighbours; what
 * is there already is not appended again, so an import that was killed between them goes on from there. While one batch
 * is being committed the next is decided, and its orders are placed, never more; the stock is moved in order, so an import
 * that was killed ends with the same stock as one that was not.
 * When a commit fails, because somebody else moved the same stock or the database was away, everything behind the last
 * commit is decided anew.
 */
export class Importer {
  /** Marks what this run appends: after a lost connection it tells whether the commit had come through. */
  readonly run = randomUUID();
  #positions: Positions = { inventory: 0n, ordering: 0n };
  #batch: StockBatch;
  #waiting: Waiting[] = [];
  #waitingLines = 0;
  #committing: { readonly plan: Plan; readonly done: Promise<Outcome<bigint>> } | undefined;

  constructor(readonly options: ImporterOptions) {
    this.#batch = this.#newBatch();
  }

  /** How far this run's own appends reached. */
  get positions(): Positions {
    return this.#positions;
  }

  /**
   * Takes an invoice of which something is missing in the logs; each once. Resolves when there is room for more.
   * @throws ImportError when it cannot be an order; the invoices before it may still be finished.
   */
  async add(invoice: Invoice, known: Imported = {}): Promise<void> {
    this.#waiting.push(this.#waitingFor(invoice, known));
    this.#waitingLines += invoice.rows.length;
    if (this.#waitingLines >= (this.options.batchLines ?? BATCH_LINES)) await this.#submit();
  }

  /** Appends what is left. */
  async finish(): Promise<void> {
    await this.#submit();
    await this.#settle();
  }

  #waitingFor(invoice: Invoice, known: Imported): Waiting {
    const missing = isOrder(invoice) && !known.order;
    return { invoice, known, order: missing ? orderOf(invoice, this.run) : undefined };
  }

  async #submit(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingLines = 0;
    if (waiting.length === 0) return;
    if (this.#batch.size > STREAM_LIMIT) {
      await this.#settle();
      this.#batch = this.#newBatch();
    }
    const batch = this.#batch;
    const placing = outcome(this.#place(waiting));
    const planned = await outcome(this.#plan(waiting));
    await this.#settle();
    const placed = await placing;
    for (const tried of [placed, planned]) if ('error' in tried && !mayRepeat(tried.error)) throw tried.error;
    if ('error' in placed) return this.#repeat(waiting, placed.error);
    if ('error' in planned || batch !== this.#batch)
      return this.#repeat(waiting, 'error' in planned ? planned.error : undefined);
    this.#committing = { plan: planned.value, done: outcome(this.#move(planned.value)) };
  }

  /** Waits for the commit that is under way, and repeats it if it failed. */
  async #settle(): Promise<void> {
    const committing = this.#committing;
    if (!committing) return;
    const done = await committing.done;
    this.#committing = undefined;
    if ('error' in done) return this.#repeat(committing.plan.waiting, done.error);
    this.#committed(committing.plan, done.value);
  }

  /** Decides and commits invoices anew, one attempt after another, nothing else being under way. */
  async #repeat(waiting: readonly Waiting[], cause: unknown): Promise<void> {
    let error = cause;
    for (let attempt = 0; attempt < RETRIES; attempt++) {
      if (error !== undefined && !mayRepeat(error)) throw error;
      if (error !== undefined) {
        this.options.onRetry?.(error);
        await systemClock.sleep(backoffMs(BACKOFF, attempt));
      }
      this.#batch = this.#newBatch();
      const done = await outcome(this.#attempt(waiting));
      if ('value' in done) return;
      error = done.error;
    }
    throw error;
  }

  /** Looks for each invoice in both logs first: the commit that failed, or another import, may have appended it. */
  async #attempt(waiting: readonly Waiting[]): Promise<void> {
    const missing: Waiting[] = [];
    const found: [Invoice, Imported][] = [];
    for (const { invoice } of waiting) {
      const known = await this.#found(invoice);
      if (isWhole(invoice, known) || isOther(invoice, known)) found.push([invoice, known]);
      else missing.push(this.#waitingFor(invoice, known));
    }
    await this.#place(missing);
    const plan = await this.#plan(missing);
    const position = await this.#move(plan);
    for (const [invoice, known] of found) this.options.onImported(invoice, known);
    this.#committed(plan, position);
  }

  async #found(invoice: Invoice): Promise<Imported> {
    const { inventory, ordering } = this.options;
    const stock = await importedInvoice(inventory.events, invoice.number);
    const order = isOrder(invoice) ? await importedOrder(ordering.events, invoice.number) : undefined;
    return { ...(stock ? { stock } : {}), ...(order ? { order } : {}) };
  }

  async #plan(waiting: readonly Waiting[]): Promise<Plan> {
    const batch = this.#batch;
    const { run } = this;
    const commands = new Map<Invoice, readonly StockCommand[]>();
    const unmoved = waiting.filter(({ known }) => !known.stock).map(({ invoice }) => invoice);
    await eachWithPauses(unmoved, (invoice) => commands.set(invoice, commandsOf(invoice)));
    await batch.load([...commands.values()].flat().map(({ stream }) => stream));
    const notes = new Map<Invoice, ImportedInvoice>();
    await eachWithPauses(unmoved, (invoice) => {
      const events = decideInvoice(batch, invoice.number, commands.get(invoice)!, this.options.replenishment);
      notes.set(invoice, { events, rowsHash: invoice.rowsHash, run });
    });
    const imported = waiting.map(({ invoice, known, order }): [Invoice, Imported] => {
      const stock = known.stock ?? notes.get(invoice)!;
      const ordered = order ? { rowsHash: invoice.rowsHash, run } : known.order;
      return [invoice, { stock, ...(ordered ? { order: ordered } : {}) }];
    });
    return {
      waiting,
      imported: new Map(imported),
      stock: [...batch.take(), ...[...notes].map(([invoice, note]) => noteOf(invoice, note))],
    };
  }

  /** Commits the orders of some invoices. Nothing is decided on them, so it matters little when. */
  async #place(waiting: readonly Waiting[]): Promise<void> {
    const orders = waiting.flatMap(({ order }) => (order ? [order] : []));
    if (orders.length > 0) this.#reached('ordering', await appendTogether(this.options.ordering, orders));
  }

  /** Commits what invoices do to the stock. @returns the position of the last event. */
  #move({ stock }: Plan): Promise<bigint> {
    return stock.length > 0 ? appendTogether(this.options.inventory, stock) : Promise.resolve(0n);
  }

  #committed(plan: Plan, position: bigint): void {
    this.#reached('inventory', position);
    for (const [invoice, imported] of plan.imported) this.options.onImported(invoice, imported);
  }

  #reached(log: keyof Positions, position: bigint): void {
    if (position > this.#positions[log]) this.#positions = { ...this.#positions, [log]: position };
  }

  #newBatch(): StockBatch {
    return new CommandBatch(Stock, this.options.inventory.events);
  }
}

/** True when the logs hold all that an invoice stands for. */
export function isWhole(invoice: Invoice, { stock, order }: Imported): boolean {
  return stock !== undefined && (order !== undefined || !isOrder(invoice));
}

/** True when one of the logs holds something else under the number of an invoice. */
export function isOther({ rowsHash }: Invoice, { stock, order }: Imported): boolean {
  return [stock, order].some((known) => known !== undefined && known.rowsHash !== rowsHash);
}

/** Lets the commit that is under way send its next events now and then. */
async function eachWithPauses(invoices: readonly Invoice[], work: (invoice: Invoice) => void): Promise<void> {
  let lines = 0;
  for (const invoice of invoices) {
    work(invoice);
    lines += invoice.rows.length;
    if (lines < PAUSE_LINES) continue;
    lines = 0;
    await setImmediate();
  }
}

function noteOf({ number, kind, rows }: Invoice, { events, rowsHash, run }: ImportedInvoice): Append {
  const data = { invoice: number, kind: kind as Exclude<typeof kind, 'ignored'>, lines: rows.length, events, rowsHash };
  return {
    stream: importStream(number),
    events: [ImportEvents.InvoiceImported(data)],
    expected: 'none',
    metadata: { run },
  };
}

function mayRepeat(error: unknown): boolean {
  return error instanceof WrongExpectedVersion || isRetryable(error);
}

async function outcome<T>(work: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work };
  } catch (error) {
    return { error };
  }
}
