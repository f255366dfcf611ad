import { CustomerId, FraudEvents, pseudonymOf, Reason, Spending } from '@logfold-example/contracts';
import { commands, decider, reject } from '@logfold/core';
import { z } from 'zod';

/** The shapes of the commands, by type. */
export const FraudCaseSchemas = {
  /** A window of time says that a customer ordered for a lot. */
  OpenCase: Spending,
  /** Somebody has looked at it, and found nothing wrong. */
  ClearCase: z.object({ customerId: CustomerId, note: Reason }),
};

/** What can be told of the case of a customer; the stream is `fraud_case-PSEUDONYM`. */
export const FraudCaseCommands = commands(
  'insight.fraud_case',
  { key: ({ customerId }) => pseudonymOf(customerId) },
  FraudCaseSchemas,
);

/** The case of a customer, as far as its rules need to know it. */
export interface FraudCaseState {
  readonly isOpen: boolean;
  /** The end of the time that was or is looked at. */
  readonly until?: string;
}

/**
 * The rules of a case: there is one at a time, and what was looked at is not looked at again. Windows overlap, so one that
 * began before the end of the one that opened the case holds orders that are known already.
 */
export const FraudCase = decider({
  name: 'fraud_case',
  commands: FraudCaseCommands,
  events: FraudEvents,
  initial: (): FraudCaseState => ({ isOpen: false }),
  evolve: {
    FraudCaseOpened: (_, { data }) => ({ isOpen: true, until: data.until }),
    FraudCaseCleared: (known) => ({ ...known, isOpen: false }),
  },
  decide: {
    OpenCase: ({ data }, { isOpen, until }) =>
      isOpen || (until !== undefined && Date.parse(data.since) < Date.parse(until))
        ? []
        : FraudEvents.FraudCaseOpened(data),
    ClearCase: ({ data }, { isOpen }) =>
      isOpen
        ? FraudEvents.FraudCaseCleared(data)
        : reject('no-open-case', `There is no open case of customer ${data.customerId}`),
  },
});
