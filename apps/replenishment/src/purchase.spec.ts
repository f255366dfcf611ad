import { PurchaseEvents } from '@logfold-example/contracts';
import { given } from '@logfold/testing';
import { describe, it } from '@jest/globals';
import { PurchaseOrders } from './purchase-orders.js';
import { Purchase, PurchaseCommands } from './purchase.js';

const purchaseId = 'p-1';
const ofThis = { purchaseId, sku: 'tea', location: 'main' };
const dueOn = '2026-01-12';
const asked = { ...ofThis, quantity: 20, because: 'sold-out' as const };
const issued = PurchaseEvents.PurchaseOrderIssued(asked);
const advised = (quantity: number) => PurchaseEvents.ShipmentAdvised({ ...ofThis, quantity, dueOn });
const arrived = (quantity: number) => PurchaseEvents.ShipmentArrived({ ...ofThis, quantity });
const received = PurchaseEvents.PurchaseOrderReceived(ofThis);
const declined = PurchaseEvents.PurchaseOrderDeclined({ ...ofThis, reason: 'no longer made' });

describe('a purchase order', () => {
  it('is issued once', () => {
    given(Purchase, []).when(PurchaseCommands.IssuePurchaseOrder(asked)).then([issued]);
    given(Purchase, [issued]).when(PurchaseCommands.IssuePurchaseOrder(asked)).then([]);
  });

  it('is sent in whole, unless its supplier says how much', () => {
    given(Purchase, [issued])
      .when(PurchaseCommands.AdviseShipment({ purchaseId, dueOn }))
      .then([advised(20)]);
    given(Purchase, [issued])
      .when(PurchaseCommands.AdviseShipment({ purchaseId, dueOn, quantity: 12 }))
      .then([advised(12)]);
  });

  it('is received when all that was sent has come', () => {
    given(Purchase, [issued, advised(12)])
      .when(PurchaseCommands.RecordArrival({ purchaseId, quantity: 5 }))
      .then([arrived(5)]);
    given(Purchase, [issued, advised(12), arrived(5)])
      .when(PurchaseCommands.RecordArrival({ purchaseId, quantity: 9 }))
      .then([arrived(7), received]);
    given(Purchase, [issued, advised(12), arrived(12), received])
      .when(PurchaseCommands.RecordArrival({ purchaseId, quantity: 1 }))
      .then([]);
  });

  it('may be declined until it is sent', () => {
    given(Purchase, [issued])
      .when(PurchaseCommands.DeclinePurchaseOrder({ purchaseId, reason: 'no longer made' }))
      .then([declined]);
    given(Purchase, [issued, advised(12)])
      .when(PurchaseCommands.DeclinePurchaseOrder({ purchaseId, reason: 'too late' }))
      .thenRejected('is-advised');
  });

  it('takes no step that it is not ready for', () => {
    const advise = PurchaseCommands.AdviseShipment({ purchaseId, dueOn });
    given(Purchase, []).when(advise).thenRejected('unknown');
    given(Purchase, [issued, advised(12)])
      .when(advise)
      .thenRejected('is-advised');
    given(Purchase, [issued, declined]).when(advise).thenRejected('is-declined');
  });
});

describe('the purchase orders', () => {
  const row = { ...asked, status: 'issued' as const, advised: 0, arrived: 0, dueOn: null };

  it('show what was asked for, what was sent and what has come', () => {
    given(PurchaseOrders, [issued]).thenRows([row]);
    given(PurchaseOrders, [issued, advised(12), arrived(5)]).thenRows([
      { ...row, status: 'advised', advised: 12, arrived: 5, dueOn },
    ]);
    given(PurchaseOrders, [issued, advised(12), arrived(12), received]).thenRows([
      { ...row, status: 'received', advised: 12, arrived: 12, dueOn },
    ]);
    given(PurchaseOrders, [issued, declined]).thenRows([{ ...row, status: 'declined' }]);
  });
});
