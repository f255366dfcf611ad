import { commands, decider, events, reject } from '@logfold/core';
import { z } from 'zod';

const line = z.object({ orderId: z.string(), sku: z.string(), quantity: z.number().int().positive() });
const priced = line.extend({ price: z.number().int().nonnegative(), currency: z.string().length(3) });

// #region price
const OrderEvents = events('shop.order', { partitions: 1 }, { LineAdded: priced });
const OrderCommands = commands('shop.order', { key: ({ orderId }) => orderId }, { AddLine: priced });

export const Order = decider({
  name: 'order',
  commands: OrderCommands,
  events: OrderEvents,
  initial: () => ({ lines: 0 }),
  evolve: { LineAdded: ({ lines }) => ({ lines: lines + 1 }) },
  decide: {
    AddLine: ({ data }, { lines }) =>
      lines === 100 ? reject('full', 'An order has 100 lines at most') : OrderEvents.LineAdded(data),
  },
});

// in the controller, which has the price list injected:
export async function addLine(prices: PriceList, body: z.output<typeof line>) {
  const { price, currency } = await prices.of(body.sku);
  return OrderCommands.AddLine({ ...body, price, currency });
}
// #endregion

interface PriceList {
  of(sku: string): Promise<{ readonly price: number; readonly currency: string }>;
}
