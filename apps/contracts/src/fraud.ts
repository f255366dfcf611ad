import { events } from '@logfold/core';
import { z } from 'zod';
import { Currency, CustomerId, Reason } from './fields.js';

const count = z.number().int().min(0);

/** What a customer ordered within an hour, by the times of the orders; or within the worst of several. */
export const Spending = z.object({
  customerId: CustomerId,
  currency: Currency,
  orders: count,
  total: count.describe('In thousandths of the currency'),
  since: z.iso.datetime(),
  until: z.iso.datetime(),
});

/** What insight tells about customers that somebody should look at: one stream per customer, one case at a time. */
export const FraudEvents = events(
  'insight.fraud',
  { partitions: 3 },
  {
    /** A customer ordered for more within an hour than customers do. */
    FraudCaseOpened: Spending,
    /**
     * As long as the case is open, another hour tells more: the case is about this now. `since` and `until` span all its hours; the rest is
     * the hour in which most was ordered.
     */
    FraudCaseExtended: Spending,
    /** Somebody has looked at it, and found nothing wrong. */
    FraudCaseCleared: z.object({ customerId: CustomerId, note: Reason }),
    /** Somebody has looked at it, and it is fraud: the customer is served no more, and there is no other case of it. */
    FraudCaseConfirmed: z.object({ customerId: CustomerId, note: Reason }),
  },
);
