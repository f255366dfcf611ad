import { OrderEvents, OrderStockCommands, ReturnEvents } from '@logfold-example/contracts';
import { cancel, complete, send, timeout } from '@logfold/core';
import { given } from '@logfold/testing';
import { describe, it } from '@jest/globals';
import { OrderCommands } from './order-commands.js';
import { ReturnCommands } from './return-commands.js';
import { TakeBack } from './take-back.js';

const of = { returnId: 'r-1', orderId: 'o-1' };
const { returnId } = of;
const wanted = [{ line: 0, quantity: 2 }];
const lines = [{ sku: 'tea', location: 'main', unitPrice: 2_550, line: 0, quantity: 2 }];
const requested = ReturnEvents.ReturnRequested({ ...of, lines: wanted });
const allowed = OrderEvents.OrderReturnAllowed({ ...of, lines, currency: 'GBP' });
const received = ReturnEvents.ReturnReceived(of);
const accept = send(ReturnCommands.AcceptReturn({ returnId, lines, currency: 'GBP' }));
const places = [
  { sku: 'cup', location: 'shop', restocked: 1, damaged: 0, scrapped: 0 },
  { sku: 'tea', location: 'main', restocked: 0, damaged: 1, scrapped: 1 },
];
const inspected = ReturnEvents.ReturnInspected({ ...of, stock: places });

describe('what comes back', () => {
  it('is asked of its order', () => {
    given(TakeBack, [])
      .when(requested)
      .then([send(OrderCommands.AllowReturn({ ...of, lines: wanted }))]);
  });

  it('is accepted as the order says, and waited for', () => {
    given(TakeBack, [requested])
      .when(allowed)
      .then([timeout('arrival', 'P30D'), accept]);
    given(TakeBack, [ReturnEvents.ReturnRequested({ ...of, lines: wanted, sendWithin: 'PT90S' })])
      .when(allowed)
      .then([timeout('arrival', 'PT90S'), accept]);
  });

  it('is refused with the reason of the order', () => {
    given(TakeBack, [requested])
      .when({
        command: OrderCommands.AllowReturn({ ...of, lines: wanted }),
        rejected: { rejected: 'too-many', message: '1 of tea can come back' },
      })
      .then([send(ReturnCommands.RefuseReturn({ returnId, reason: '1 of tea can come back' }))]);
  });

  it('that does not arrive in time is cancelled, and its order may give it back again', () => {
    const late = { returnId, reason: 'not-received' };
    given(TakeBack, [requested, allowed])
      .when({ timeout: 'arrival' })
      .then([send(ReturnCommands.CancelReturn(late))]);
    given(TakeBack, [requested, allowed])
      .when(ReturnEvents.ReturnCancelled({ ...of, reason: 'not-received' }))
      .then([send(OrderCommands.VoidReturn(of)), complete()]);
  });

  it('that arrives at the moment of the timeout is here: the return has decided', () => {
    given(TakeBack, [requested, allowed, { timeout: 'arrival' }])
      .when(received)
      .then([cancel('arrival'), timeout('inspection', 'P14D')]);
  });

  it('is told to each place of the stock, and refunded, when somebody has looked at it', () => {
    given(TakeBack, [requested, allowed, received])
      .when(inspected)
      .then([
        cancel('inspection'),
        ...places.map((place) => send(OrderStockCommands.TakeBack({ ...place, ...of }))),
        send(ReturnCommands.RefundReturn({ returnId })),
      ]);
  });

  it('counts as damaged when nobody looks at it, so that the customer is refunded', () => {
    given(TakeBack, [requested, allowed, received])
      .when({ timeout: 'inspection' })
      .then([send(ReturnCommands.InspectReturn({ returnId, lines: [{ line: 0, damaged: 2 }] }))]);
  });

  it.each([
    ReturnEvents.ReturnRefunded({ ...of, amount: 5_100, currency: 'GBP' }),
    ReturnEvents.ReturnRefused({ ...of, reason: 'too many' }),
  ])('ends at $type, and then hears nothing more', (end) => {
    given(TakeBack, [requested]).when(end).then([complete()]);
    given(TakeBack, [requested, end]).when(inspected).then([]);
  });
});
