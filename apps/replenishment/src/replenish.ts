import { PurchaseEvents, StockEvents, SupplyStockCommands, TOO_MANY_DELIVERIES } from '@logfold-example/contracts';
import { complete, processManager, send, timeout } from '@logfold/core';
import { NeedCommands, NeedEvents } from './need.js';
import { PurchaseCommands } from './purchase.js';

/** When a delivery is announced again that the stock did not take: it expects only so many at a time. */
const ANNOUNCE_AGAIN = 'PT1H';

interface Shipment {
  readonly purchaseId: string;
  readonly sku: string;
  readonly location: string;
  readonly quantity: number;
  readonly dueOn: string;
}

/**
 * Something is needed: a supplier is asked for it; what it advises is announced to the stock, as a delivery of the purchase's
 * number; what the stock receives of that delivery is told to the purchase, which decides when it has ended. Then the need is
 * closed, and the next one may be noticed.
 */
export const Replenish = processManager({
  name: 'replenish',
  from: [NeedEvents, PurchaseEvents, StockEvents],
  sends: [NeedCommands, PurchaseCommands, SupplyStockCommands],
  startFrom: 'beginning',
  startedBy: ['NeedDetected'],
  key: {
    NeedDetected: ({ data }) => data.purchaseId,
    ShipmentAdvised: ({ data }) => data.purchaseId,
    StockReceived: ({ data }) => data.deliveryId,
    PurchaseOrderReceived: ({ data }) => data.purchaseId,
    PurchaseOrderDeclined: ({ data }) => data.purchaseId,
  },
  initial: (): { readonly purchaseId: string; readonly advised?: Shipment } => ({ purchaseId: '' }),
  evolve: {
    NeedDetected: (_, { data }) => ({ purchaseId: data.purchaseId }),
    ShipmentAdvised: (state, { data }) => ({ ...state, advised: data }),
  },
  react: {
    NeedDetected: (_, { data }) => [send(PurchaseCommands.IssuePurchaseOrder(data))],
    ShipmentAdvised: ({ advised }) => announce(advised),
    StockReceived: ({ purchaseId }, { data }) => [
      send(PurchaseCommands.RecordArrival({ purchaseId, quantity: data.quantity })),
    ],
    PurchaseOrderReceived: (_, { data }) => [send(NeedCommands.CloseNeed(data)), complete()],
    PurchaseOrderDeclined: (_, { data: { purchaseId, sku, location } }) => [
      send(NeedCommands.CloseNeed({ purchaseId, sku, location })),
      complete(),
    ],
  },
  timeouts: { announce: ({ advised }) => announce(advised) },
  rejected: {
    ExpectDelivery: (_, { rejected }) =>
      rejected === TOO_MANY_DELIVERIES ? [timeout('announce', ANNOUNCE_AGAIN)] : [],
  },
});

function announce(advised: Shipment | undefined) {
  if (!advised) return [];
  const { purchaseId: deliveryId, sku, location, quantity, dueOn } = advised;
  return [send(SupplyStockCommands.ExpectDelivery({ sku, location, quantity, deliveryId, dueOn }))];
}
