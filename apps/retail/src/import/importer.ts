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
import type { Replenishment } from './replenishment.js';

/** The parts of an importer. */
export interface ImporterOptions {
  readonly database: Database;
  readonly replenishment: Replenishment;
  /** Lines per transaction, at least: whole invoices are gathered up to it. */
  readonly batchLines?: number;
  /** Told of every attempt that failed and will be repeated. */
  readonly onRetry?: (error: unknown) => void;
  /** Told of each invoice that is in the log now. */
  readonly onImported: (invoice: Invoice, imported: ImportedInvoice) => void;
}

/** Events of some invoices, decided and ready to be appended. */
interface Plan {
  readonly invoices: readonly Invoice[];
  readonly appends: readonly Append[];
  readonly notes: ReadonlyMap<Invoice, ImportedInvoice>;
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

const BATCH_LINES = 4_000;
const PAUSE_LINES = 500;
const STREAM_LIMIT = 50_000;
const RETRIES = 12;
const BACKOFF = { firstMs: 100, maxMs: 5_000 };

/**
 * Imports invoices, each whole or not at all: its events and the note that it was imported are one transaction, shared
 * with its neighbours. While one batch is being committed the next is decided, never more; batches are committed in
 * order, so an import that was killed goes on from where it stopped with the same stock as one that was not.
 * When a commit fails, because somebody else moved the same stock or the database was away, everything behind the last
 * commit is decided anew.
 */
export class Importer {
  /** Marks what this run appends: after a lost connection it tells whether the commit had come through. */
  readonly run = randomUUID();
  /** The position of the last event that this run appended; 0n when there is none. */
  position = 0n;
  #batch: StockBatch;
  #waiting: Invoice[] = [];
  #waitingLines = 0;
  #committing: { readonly plan: Plan; readonly done: Promise<Outcome<bigint>> } | undefined;

  constructor(readonly options: ImporterOptions) {
    this.#batch = this.#newBatch();
  }

  /** Takes an invoice that is not in the log yet; each once. Resolves when there is room for more. */
  async add(invoice: Invoice): Promise<void> {
    this.#waiting.push(invoice);
    this.#waitingLines += invoice.rows.length;
    if (this.#waitingLines >= (this.options.batchLines ?? BATCH_LINES)) await this.#submit();
  }

  /** Appends what is left. */
  async finish(): Promise<void> {
    await this.#submit();
    await this.#settle();
  }

  async #submit(): Promise<void> {
    const invoices = this.#waiting;
    this.#waiting = [];
    this.#waitingLines = 0;
    if (invoices.length === 0) return;
    if (this.#batch.size > STREAM_LIMIT) {
      await this.#settle();
      this.#batch = this.#newBatch();
    }
    const batch = this.#batch;
    const planned = await outcome(this.#plan(invoices));
    await this.#settle();
    if ('error' in planned && !mayRepeat(planned.error)) throw planned.error;
    if ('error' in planned || batch !== this.#batch)
      return this.#repeat(invoices, 'error' in planned ? planned.error : undefined);
    this.#committing = { plan: planned.value, done: outcome(this.#commit(planned.value)) };
  }

  /** Waits for the commit that is under way, and repeats it if it failed. */
  async #settle(): Promise<void> {
    const committing = this.#committing;
    if (!committing) return;
    const done = await committing.done;
    this.#committing = undefined;
    if ('error' in done) return this.#repeat(committing.plan.invoices, done.error);
    this.#committed(committing.plan, done.value);
  }

  /** Decides and commits invoices anew, one attempt after another, nothing else being under way. */
  async #repeat(invoices: readonly Invoice[], cause: unknown): Promise<void> {
    let error = cause;
    for (let attempt = 0; attempt < RETRIES; attempt++) {
      if (error !== undefined && !mayRepeat(error)) throw error;
      if (error !== undefined) {
        this.options.onRetry?.(error);
        await systemClock.sleep(backoffMs(BACKOFF, attempt));
      }
      this.#batch = this.#newBatch();
      const done = await outcome(this.#attempt(invoices));
      if ('value' in done) return;
      error = done.error;
    }
    throw error;
  }

  async #attempt(invoices: readonly Invoice[]): Promise<void> {
    const { events } = this.options.database;
    const missing: Invoice[] = [];
    const found: [Invoice, ImportedInvoice][] = [];
    for (const invoice of invoices) {
      const imported = await importedInvoice(events, invoice.number);
      if (imported) found.push([invoice, imported]);
      else missing.push(invoice);
    }
    const plan = await this.#plan(missing);
    const position = plan.appends.length > 0 ? await this.#commit(plan) : 0n;
    for (const [invoice, imported] of found) this.options.onImported(invoice, imported);
    this.#committed(plan, position);
  }

  async #plan(invoices: readonly Invoice[]): Promise<Plan> {
    const batch = this.#batch;
    const commands = new Map<Invoice, readonly StockCommand[]>();
    await eachWithPauses(invoices, (invoice) => commands.set(invoice, commandsOf(invoice)));
    await batch.load([...commands.values()].flat().map(({ stream }) => stream));
    const notes = new Map<Invoice, ImportedInvoice>();
    await eachWithPauses(invoices, (invoice) => {
      const events = decideInvoice(batch, invoice.number, commands.get(invoice)!, this.options.replenishment);
      notes.set(invoice, { events, rowsHash: invoice.rowsHash, run: this.run });
    });
    return {
      invoices,
      notes,
      appends: [...batch.take(), ...[...notes].map(([invoice, note]) => noteOf(invoice, note))],
    };
  }

  #commit(plan: Plan): Promise<bigint> {
    return appendTogether(this.options.database, plan.appends);
  }

  #committed(plan: Plan, position: bigint): void {
    if (position > this.position) this.position = position;
    for (const [invoice, note] of plan.notes) this.options.onImported(invoice, note);
  }

  #newBatch(): StockBatch {
    return new CommandBatch(Stock, this.options.database.events);
  }
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
