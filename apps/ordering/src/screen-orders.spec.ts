import { FraudEvents, OrderEvents } from '@logfold-example/contracts';
import { logfold, type CommandOf, type EventOf, type Logfold } from '@logfold/core';
import { memory } from '@logfold/testing';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Customer, CustomerCommands, HELD_LIMIT } from './customer.js';
import { OrderCommands } from './order-commands.js';
import { Order } from './order.js';
import { ScreenOrders } from './screen-orders.js';

const customerId = 'C-1';
const orderId = 'o-1';
const tea = { sku: 'tea', location: 'main', quantity: 1 };
const suspected = {
  customerId,
  currency: 'GBP',
  orders: 2,
  total: 120_000_000,
  since: '2026-01-05T08:30:00.000Z',
  until: '2026-01-05T09:30:00.000Z',
};

let database: ReturnType<typeof memory>;
let ordering: Logfold;
beforeEach(() => {
  database = memory({ service: 'ordering' });
  ordering = logfold({ database, definitions: [Order, Customer] });
});

describe('an order of a suspected customer', () => {
  const place = OrderCommands.PlaceOrder({
    orderId,
    customerId,
    lines: [{ ...tea, unitPrice: 1 }],
    placedAt: '2026-01-05T08:30:00.000Z',
  });
  const reserve = OrderCommands.RecordReservation({ ...tea, orderId, outcome: 'reserved' });
  const pay = OrderCommands.MarkPaid({ orderId });
  const ship = OrderCommands.MarkShipped({ orderId });
  const many = Array.from({ length: HELD_LIMIT }, (_, index) =>
    CustomerCommands.ScreenOrder({ customerId, orderId: `many-${index}` }),
  );

  it('is held until the case is cleared', async () => {
    await happens(FraudEvents.FraudCaseOpened(suspected));
    await order(place, reserve);
    await happens(OrderEvents.OrderPlaced(place.data));
    await expect(order(pay)).rejects.toMatchObject({ rejected: 'is-held' });
    await happens(FraudEvents.FraudCaseCleared({ customerId, note: 'a shop' }));
    await order(pay, ship);
  });

  it('is cancelled when too many are held', async () => {
    await tell(CustomerCommands.SuspectCustomer({ customerId }), ...many);
    await order(place, reserve);
    await happens(OrderEvents.OrderPlaced(place.data));
    await expect(order(pay)).rejects.toMatchObject({ rejected: 'is-cancelled' });
  });

  it('is held all the same when it is paid already, until the case is cleared', async () => {
    await tell(CustomerCommands.SuspectCustomer({ customerId }), ...many);
    await order(place, reserve, pay);
    await happens(OrderEvents.OrderPlaced(place.data));
    await expect(order(ship)).rejects.toMatchObject({ rejected: 'is-held' });
    await happens(FraudEvents.FraudCaseCleared({ customerId, note: 'a shop' }));
    await order(ship);
  });

  it('is cancelled and paid back when the case is confirmed, and whatever comes behind is cancelled, paid or not', async () => {
    await tell(CustomerCommands.SuspectCustomer({ customerId }), ...many);
    await order(place, reserve, pay);
    await happens(OrderEvents.OrderPlaced(place.data));
    await happens(FraudEvents.FraudCaseConfirmed({ customerId, note: 'stolen cards' }));
    expect((await typesOf('order-o-1')).slice(-3)).toEqual(['OrderHeld', 'OrderRefunded', 'OrderCancelled']);
    const next = { ...place.data, orderId: 'o-2' };
    await order(OrderCommands.PlaceOrder(next), OrderCommands.RecordReservation({ ...reserve.data, orderId: 'o-2' }));
    await order(OrderCommands.MarkPaid({ orderId: 'o-2' }));
    await happens(OrderEvents.OrderPlaced(next));
    expect((await typesOf('order-o-2')).slice(-2)).toEqual(['OrderRefunded', 'OrderCancelled']);
  });

  it('takes no room when it has ended before it was screened', async () => {
    await tell(CustomerCommands.SuspectCustomer({ customerId }), ...many.slice(1));
    await order(place, OrderCommands.CancelOrder({ orderId }));
    await happens(OrderEvents.OrderPlaced(place.data));
    await order(OrderCommands.PlaceOrder({ ...place.data, orderId: 'o-2' }));
    await happens(OrderEvents.OrderPlaced({ ...place.data, orderId: 'o-2' }));
    expect(await typesOf('order-o-2')).toEqual(['OrderPlaced', 'OrderHeld']);
  });
});

async function order(...commands: CommandOf<typeof OrderCommands>[]): Promise<void> {
  for (const command of commands) await ordering.handler(Order).handle(command);
}

async function tell(...commands: CommandOf<typeof CustomerCommands>[]): Promise<void> {
  for (const command of commands) await ordering.handler(Customer).handle(command);
}

/** As the reaction hears it, in a transaction of its own. */
async function happens(event: EventOf<typeof OrderEvents> | EventOf<typeof FraudEvents>): Promise<void> {
  const heard = event as never;
  const screen = new ScreenOrders(ordering.handler(Customer), ordering.handler(Order));
  await database.transactions.run(async (tx) => {
    const context = { tx, idempotencyKey: 'k' };
    if (event.type === 'OrderPlaced') await screen.placed(heard, context);
    if (event.type === 'FraudCaseOpened') await screen.suspected(heard, context);
    if (event.type === 'FraudCaseCleared') await screen.cleared(heard, context);
    if (event.type === 'FraudCaseConfirmed') await screen.confirmed(heard, context);
  });
}

async function typesOf(stream: string): Promise<string[]> {
  return (await database.events.readStream(stream)).map(({ type }) => type);
}
