import { ORDER_LINES_LIMIT, OrderEvents, type OrderLine } from '@logfold-example/contracts';
import { Order, OrderCommands } from '@logfold-example/ordering';
import {
  decideOn,
  fold,
  isRejection,
  ValidationFailed,
  type Append,
  type CommandOf,
  type EventOf,
  type EventStore,
  type Recorded,
} from '@logfold/core';
import { ImportError } from './errors.js';
import type { Invoice } from './invoices.js';
import { LOCATION, movementOf } from './lines.js';
import { timeOf } from './row.js';

/** What is known of an order that is in the log of ordering. */
export interface ImportedOrder {
  /** Undefined for an order of the shop that has the number of an invoice. */
  readonly rowsHash: string | undefined;
  /** The run that imported it. */
  readonly run: string;
}

/** Events of an order that was imported: placed, paid, shipped. */
export const EVENTS_PER_ORDER = 3;

/** What the import marks the events of an order with. */
export type OrderMark = Required<ImportedOrder>;

/** True for an invoice that becomes an order. */
export function isOrder({ kind }: Invoice): boolean {
  return kind === 'order';
}

/**
 * The order that an invoice stands for: placed, paid and shipped, by the rules of ordering. Its lines are the rows that
 * ship something. Refused by the log when there is an order of this number already.
 * @throws ImportError when ordering cannot take it.
 */
export function orderOf(invoice: Invoice, run: string): Append {
  const { number: orderId, rowsHash } = invoice;
  const mark: OrderMark = { rowsHash, run };
  return {
    stream: streamOf(orderId),
    events: decided(orderId, [
      () => OrderCommands.PlaceOrder(placing(invoice)),
      () => OrderCommands.MarkPaid({ orderId }),
      () => OrderCommands.MarkShipped({ orderId }),
    ]),
    expected: 'none',
    metadata: { ...mark },
  };
}

/** The order of an invoice, if there is one by the time of the call. */
export async function importedOrder(store: EventStore, invoice: string): Promise<ImportedOrder | undefined> {
  const [event] = await store.readStream(streamOf(invoice), { limit: 1 });
  return event && marked(event);
}

/** Every order there is, by its number; and the position up to which the log was read. */
export async function importedOrders(
  store: EventStore,
): Promise<{ readonly orders: Map<string, ImportedOrder>; readonly position: bigint }> {
  const orders = new Map<string, ImportedOrder>();
  let position = 0n;
  for await (const batch of store.readLog({ after: 0n, types: [OrderEvents.OrderPlaced.type], limit: 5_000 })) {
    for (const event of batch.events) orders.set(event.data.orderId, marked(event));
    position = batch.position;
  }
  return { orders, position };
}

function marked({ metadata }: Recorded): ImportedOrder {
  const { rowsHash, run } = metadata as Partial<OrderMark>;
  return { rowsHash, run: String(run) };
}

function placing(invoice: Invoice): Parameters<typeof OrderCommands.PlaceOrder>[0] {
  const { number: orderId, rows } = invoice;
  const shipped = rows.filter((row) => movementOf(invoice, row) === 'shipped');
  if (shipped.length > ORDER_LINES_LIMIT)
    throw new ImportError(`Invoice ${orderId} ships ${shipped.length} lines, ${ORDER_LINES_LIMIT} at most`);
  const lines = shipped.map(({ sku, quantity, unitPrice }): OrderLine => ({
    sku,
    location: LOCATION,
    quantity,
    unitPrice,
  }));
  const { customer, country, date } = shipped[0]!;
  return {
    orderId,
    ...(customer === '' ? {} : { customerId: customer }),
    ...(country === '' ? {} : { country }),
    lines,
    placedAt: timeOf(date),
    origin: 'import',
  };
}

function decided(
  orderId: string,
  commands: readonly (() => CommandOf<typeof OrderCommands>)[],
): EventOf<typeof OrderEvents>[] {
  const events: EventOf<typeof OrderEvents>[] = [];
  let order = Order.initial();
  for (const command of commands) {
    const decision = decideOn(Order, made(orderId, command), order);
    if (isRejection(decision)) throw new ImportError(`Invoice ${orderId} cannot be ordered: ${decision.message}`);
    order = fold(Order, order, decision);
    events.push(...decision);
  }
  return events;
}

function made<C>(orderId: string, command: () => C): C {
  try {
    return command();
  } catch (error) {
    if (!(error instanceof ValidationFailed)) throw error;
    throw new ImportError(`Invoice ${orderId} cannot be ordered: ${error.message}`, { cause: error });
  }
}

function streamOf(orderId: string): string {
  return OrderCommands.MarkPaid({ orderId }).stream;
}
