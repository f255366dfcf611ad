import { CustomerId, OrderId, pseudonymOf } from '@logfold-example/contracts';
import { commands, decider, events, reject } from '@logfold/core';
import { z } from 'zod';

const customer = z.object({ customerId: CustomerId });
const order = customer.extend({ orderId: OrderId });

/** Orders of one customer that are held at a time; more are refused, unless they are paid already. */
export const HELD_LIMIT = 100;

/** The same, with those that are paid: as many as surely fit into one event. */
export const HELD_AT_MOST = 1_000;

/** What ordering keeps of customers whom insight suspects: private to it, one stream per customer. */
export const CustomerEvents = events(
  'ordering.customer',
  { topic: null, partitions: 1 },
  {
    CustomerSuspected: customer,
    /** An order came from a suspected customer, and is held, or refused since too many are; or it came from a fraud. */
    OrderScreened: order.extend({ outcome: z.enum(['held', 'refused', 'fraud']) }),
    /** An order that was held has ended: another may be. */
    HeldOrderEnded: order,
    /** Nothing was wrong: what was held may go on. */
    CustomerCleared: customer.extend({ held: z.array(OrderId).max(HELD_AT_MOST) }),
    /** It is a fraud: what was held is cancelled, and nothing that it orders is served any more. */
    CustomerRefused: customer.extend({ held: z.array(OrderId).max(HELD_AT_MOST) }),
  },
);

/** What can be told of a customer; the stream is `customer-PSEUDONYM`. */
export const CustomerCommands = commands(
  'ordering.customer',
  { key: ({ customerId }) => pseudonymOf(customerId) },
  {
    /** Insight has opened a case. */
    SuspectCustomer: customer,
    /** Insight has cleared it. */
    ClearCustomer: customer,
    /** Insight has confirmed it. */
    RefuseCustomer: customer,
    /** An order was placed. */
    ScreenOrder: order,
    /** One that was to be refused is paid already. */
    HoldPaidOrder: order,
    /** An order has ended. Nothing happens when it was not held. */
    ForgetOrder: order,
  },
);

/** A customer, as far as its rules need to know it. */
export interface CustomerState {
  readonly standing: 'good' | 'suspected' | 'refused';
  readonly held: readonly string[];
}

/**
 * The rules of screening: orders that come while their customer is suspected are held, and go on when it is cleared. Once it is
 * found to be a fraud they are cancelled, and so is whatever else it orders.
 */
export const Customer = decider({
  name: 'customer',
  commands: CustomerCommands,
  events: CustomerEvents,
  initial: (): CustomerState => ({ standing: 'good', held: [] }),
  evolve: {
    CustomerSuspected: (): CustomerState => ({ standing: 'suspected', held: [] }),
    OrderScreened: (known, { data }) =>
      data.outcome === 'held' ? { ...known, held: [...known.held, data.orderId] } : known,
    HeldOrderEnded: (known, { data }) => ({ ...known, held: known.held.filter((orderId) => orderId !== data.orderId) }),
    CustomerCleared: (): CustomerState => ({ standing: 'good', held: [] }),
    CustomerRefused: (): CustomerState => ({ standing: 'refused', held: [] }),
  },
  decide: {
    SuspectCustomer: ({ data }, { standing }) => (standing === 'good' ? CustomerEvents.CustomerSuspected(data) : []),
    ClearCustomer: ({ data }, { standing, held }) =>
      standing === 'suspected' ? CustomerEvents.CustomerCleared({ ...data, held: [...held] }) : [],
    RefuseCustomer: ({ data }, { standing, held }) =>
      standing === 'refused' ? [] : CustomerEvents.CustomerRefused({ ...data, held: [...held] }),
    ScreenOrder: ({ data }, { standing, held }) => {
      if (standing === 'good') return [];
      if (standing === 'refused') return CustomerEvents.OrderScreened({ ...data, outcome: 'fraud' });
      return CustomerEvents.OrderScreened({ ...data, outcome: held.length < HELD_LIMIT ? 'held' : 'refused' });
    },
    HoldPaidOrder: ({ data }, { standing, held }) => {
      if (standing !== 'suspected') return [];
      if (held.length >= HELD_AT_MOST)
        return reject('too-many-held', `${HELD_AT_MOST} orders of one customer are held, which is the most`);
      return CustomerEvents.OrderScreened({ ...data, outcome: 'held' });
    },
    ForgetOrder: ({ data }, { held }) => (held.includes(data.orderId) ? CustomerEvents.HeldOrderEnded(data) : []),
  },
});
