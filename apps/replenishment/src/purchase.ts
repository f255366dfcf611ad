import { BuyingCause, DeliveryId, Location, PurchaseEvents, Quantity, Reason, Sku } from '@logfold-example/contracts';
import { commands, decider, reject, type DataOf, type Rejection } from '@logfold/core';
import { z } from 'zod';

const purchase = z.object({ purchaseId: DeliveryId });

/** The shapes of the commands, by type: what a request body is made from. */
export const PurchaseSchemas = {
  /** A supplier is to be asked for pieces. */
  IssuePurchaseOrder: purchase.extend({ sku: Sku, location: Location, quantity: Quantity, because: BuyingCause }),
  /** The supplier says what it has sent: all that was asked for unless it says otherwise. */
  AdviseShipment: purchase.extend({ quantity: Quantity.optional(), dueOn: z.iso.date() }),
  /** The stock has received pieces of it. */
  RecordArrival: purchase.extend({ quantity: Quantity }),
  /** The supplier cannot deliver. */
  DeclinePurchaseOrder: purchase.extend({ reason: Reason }),
};

/** What can be asked of a purchase order; the stream is `purchase-ID`. */
export const PurchaseCommands = commands(
  'replenishment.purchase',
  { key: ({ purchaseId }) => purchaseId },
  PurchaseSchemas,
);

/** How far a purchase order is; `none`: it was never issued. */
export type PurchaseStatus = 'none' | 'issued' | 'advised' | 'received' | 'declined';

/** A purchase order, as far as its rules need to know it. */
export interface PurchaseState {
  readonly status: PurchaseStatus;
  readonly sku: string;
  readonly location: string;
  readonly quantity: number;
  /** What was advised and has not arrived. */
  readonly toCome: number;
}

/** The rules of a purchase order: advised or declined by the supplier, once, and received when all that was advised is there. */
export const Purchase = decider({
  name: 'purchase',
  commands: PurchaseCommands,
  events: PurchaseEvents,
  initial: (): PurchaseState => ({ status: 'none', sku: '', location: '', quantity: 0, toCome: 0 }),
  evolve: {
    PurchaseOrderIssued: (_, { data: { sku, location, quantity } }): PurchaseState => ({
      status: 'issued',
      sku,
      location,
      quantity,
      toCome: 0,
    }),
    ShipmentAdvised: (order, { data }): PurchaseState => ({ ...order, status: 'advised', toCome: data.quantity }),
    ShipmentArrived: (order, { data }) => ({ ...order, toCome: order.toCome - data.quantity }),
    PurchaseOrderReceived: (order): PurchaseState => ({ ...order, status: 'received' }),
    PurchaseOrderDeclined: (order): PurchaseState => ({ ...order, status: 'declined' }),
  },
  decide: {
    IssuePurchaseOrder: ({ data }, { status }) => (status === 'none' ? PurchaseEvents.PurchaseOrderIssued(data) : []),
    AdviseShipment: ({ data: { purchaseId, quantity, dueOn } }, order) =>
      refusal(purchaseId, order, 'issued') ??
      PurchaseEvents.ShipmentAdvised({ ...ofOrder(purchaseId, order), quantity: quantity ?? order.quantity, dueOn }),
    RecordArrival: ({ data }, order) => {
      if (order.status !== 'advised') return []; // more came than was advised, or what was called off
      const quantity = Math.min(data.quantity, order.toCome);
      const ofThis = ofOrder(data.purchaseId, order);
      const arrived = PurchaseEvents.ShipmentArrived({ ...ofThis, quantity });
      return quantity < order.toCome ? arrived : [arrived, PurchaseEvents.PurchaseOrderReceived(ofThis)];
    },
    DeclinePurchaseOrder: ({ data: { purchaseId, reason } }, order) =>
      refusal(purchaseId, order, 'issued') ??
      PurchaseEvents.PurchaseOrderDeclined({ ...ofOrder(purchaseId, order), reason }),
  },
});

function ofOrder(purchaseId: string, { sku, location }: PurchaseState) {
  return { purchaseId, sku, location };
}

/** Why an order that is not at this point cannot take a step. */
function refusal(
  purchaseId: DataOf<typeof PurchaseCommands.RecordArrival>['purchaseId'],
  { status }: PurchaseState,
  expected: PurchaseStatus,
): Rejection | undefined {
  if (status === expected) return undefined;
  if (status === 'none') return reject('unknown', `There is no purchase order ${purchaseId}`);
  return reject(`is-${status}`, `Purchase order ${purchaseId} is ${status}, it must be ${expected} for this`);
}
