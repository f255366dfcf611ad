import { PurchaseEvents, StockEvents, SupplyStockCommands } from '@logfold-example/contracts';
import { complete, send, timeout, type Recorded } from '@logfold/core';
import { given } from '@logfold/testing';
import { describe, expect, it } from '@jest/globals';
import { NeedCommands, NeedEvents } from './need.js';
import { PurchaseCommands } from './purchase.js';
import { Replenish } from './replenish.js';

const purchaseId = 'p-1';
const at = { sku: 'tea', location: 'main' };
const bought = { ...at, purchaseId, quantity: 20, because: 'sold-out' as const };
const dueOn = '2026-01-12';
const detected = NeedEvents.NeedDetected(bought);
const advised = PurchaseEvents.ShipmentAdvised({ ...at, purchaseId, quantity: 12, dueOn });
const announced = SupplyStockCommands.ExpectDelivery({ ...at, quantity: 12, deliveryId: purchaseId, dueOn });
const arrived = StockEvents.StockReceived({ ...at, quantity: 5, deliveryId: purchaseId });

describe('what is needed', () => {
  it('is asked for', () => {
    given(Replenish, [])
      .when(detected)
      .then([send(PurchaseCommands.IssuePurchaseOrder(bought))]);
  });

  it('is announced to the stock when its supplier has sent it', () => {
    given(Replenish, [detected])
      .when(advised)
      .then([send(announced)]);
  });

  it('is announced again in an hour when the stock expects too much already', () => {
    const rejected = { rejected: 'too-many-deliveries', message: '100 deliveries are open' };
    given(Replenish, [detected, advised])
      .when({ command: announced, rejected })
      .then([timeout('announce', 'PT1H')]);
    given(Replenish, [detected, advised, { command: announced, rejected }])
      .when({ timeout: 'announce' })
      .then([send(announced)]);
    given(Replenish, [detected, advised])
      .when({ command: announced, rejected: { rejected: 'already-expected', message: 'It was announced' } })
      .then([]);
  });

  it('has arrived as far as the stock has received it', () => {
    given(Replenish, [detected, advised])
      .when(arrived)
      .then([send(PurchaseCommands.RecordArrival({ purchaseId, quantity: 5 }))]);
  });

  it.each([
    PurchaseEvents.PurchaseOrderReceived({ ...at, purchaseId }),
    PurchaseEvents.PurchaseOrderDeclined({ ...at, purchaseId, reason: 'no longer made' }),
  ])('is a need no more at $type', (end) => {
    given(Replenish, [detected])
      .when(end)
      .then([send(NeedCommands.CloseNeed({ ...at, purchaseId })), complete()]);
  });

  it('is not what came in otherwise', () => {
    const key = Replenish.key['StockReceived']!;
    expect([arrived, StockEvents.StockReceived({ ...at, quantity: 5 })].map((event) => key(event as Recorded))).toEqual(
      [purchaseId, undefined],
    );
  });
});
