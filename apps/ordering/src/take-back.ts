import { NOT_RECEIVED, OrderEvents, OrderStockCommands, ReturnEvents } from '@logfold-example/contracts';
import { cancel, complete, processManager, send, timeout, type DataOf } from '@logfold/core';
import { OrderCommands } from './order-commands.js';
import { ReturnCommands } from './return-commands.js';

/** How long pieces are waited for, where the request does not say it. */
const SEND_WITHIN = 'P30D';

/** How long those who sent them wait until somebody looks at them. */
const INSPECT_WITHIN = 'P14D';

type Requested = DataOf<typeof ReturnEvents.ReturnRequested>;

/**
 * Something comes back: its order says whether it may, and what it is worth. Once it was inspected the stock takes the pieces,
 * each place once, and the customer is refunded. What does not arrive in time is cancelled, and may come back under another
 * number; what arrived and nobody looked at counts as damaged, so that the customer has the money whatever the house does.
 *
 * The return decides what it is, and this follows it: a receipt and the timeout may cross.
 */
export const TakeBack = processManager({
  name: 'take_back',
  from: [ReturnEvents, OrderEvents],
  sends: [ReturnCommands, OrderCommands, OrderStockCommands],
  startFrom: 'beginning',
  startedBy: ['ReturnRequested'],
  key: {
    ReturnRequested: ({ data }) => data.returnId,
    OrderReturnAllowed: ({ data }) => data.returnId,
    ReturnReceived: ({ data }) => data.returnId,
    ReturnInspected: ({ data }) => data.returnId,
    ReturnRefused: ({ data }) => data.returnId,
    ReturnCancelled: ({ data }) => data.returnId,
    ReturnRefunded: ({ data }) => data.returnId,
  },
  initial: (): Requested => ({ returnId: '', orderId: '', lines: [] }),
  evolve: { ReturnRequested: (_, { data }) => data },
  react: {
    ReturnRequested: (_, { data: { returnId, orderId, lines } }) => [
      send(OrderCommands.AllowReturn({ returnId, orderId, lines })),
    ],
    OrderReturnAllowed: ({ returnId, sendWithin }, { data: { lines, currency } }) => [
      timeout('arrival', sendWithin ?? SEND_WITHIN),
      send(ReturnCommands.AcceptReturn({ returnId, lines, currency })),
    ],
    ReturnReceived: () => [cancel('arrival'), timeout('inspection', INSPECT_WITHIN)],
    ReturnInspected: ({ returnId, orderId }, { data }) => [
      cancel('inspection'),
      ...data.stock.map((place) => send(OrderStockCommands.TakeBack({ ...place, returnId, orderId }))),
      send(ReturnCommands.RefundReturn({ returnId })),
    ],
    ReturnRefused: () => [complete()],
    ReturnCancelled: ({ returnId, orderId }) => [send(OrderCommands.VoidReturn({ returnId, orderId })), complete()],
    ReturnRefunded: () => [complete()],
  },
  timeouts: {
    arrival: ({ returnId }) => [send(ReturnCommands.CancelReturn({ returnId, reason: NOT_RECEIVED }))],
    inspection: ({ returnId, lines }) => [
      send(
        ReturnCommands.InspectReturn({
          returnId,
          lines: lines.map(({ line, quantity }) => ({ line, damaged: quantity })),
        }),
      ),
    ],
  },
  rejected: {
    AllowReturn: ({ returnId }, { message }) => [send(ReturnCommands.RefuseReturn({ returnId, reason: message }))],
  },
});
