import { FraudEvents, pseudonymOf, Reason, Spending as SpendingSchema } from '@logfold-example/contracts';
import { commands, decider, reject, type EventOf, type Rejection } from '@logfold/core';
import { z } from 'zod';
import { isBefore } from './is-before.js';

type Spending = z.infer<typeof SpendingSchema>;

/** What a case is known by: the pseudonym of its customer, so that neither addresses nor names of streams say who it is. */
export const CaseId = z.string().regex(/^[0-9a-f]{32}$/, 'must be the id of a case, as the queue shows it');

/** The shapes of the commands, by type. */
export const FraudCaseSchemas = {
  /** A window of time says that a customer ordered for a lot: opens a case, or tells an open one more. */
  OpenCase: SpendingSchema,
  /** Somebody has looked at it, and found nothing wrong. */
  ClearCase: z.object({ caseId: CaseId, note: Reason }),
  /** Somebody has looked at it, and it is fraud. */
  ConfirmFraud: z.object({ caseId: CaseId, note: Reason }),
};

/** What can be told of the case of a customer; the stream is `fraud_case-ID`. */
export const FraudCaseCommands = commands(
  'insight.fraud_case',
  { key: (data) => ('caseId' in data ? data.caseId : pseudonymOf(data.customerId)) },
  FraudCaseSchemas,
);

/** The case of a customer, as far as its rules need to know it. */
export interface FraudCaseState {
  readonly isOpen: boolean;
  /** It was fraud: there is nothing more to look at. */
  readonly isConfirmed?: boolean;
  /** What was or is looked at. */
  readonly about?: Spending;
}

/**
 * The rules of a case: there is one at a time, which grows with what is suspicious as long as it is open, and what was looked at
 * is not looked at again. Windows overlap, so one that began before the end of a case that is closed holds orders that are known.
 */
export const FraudCase = decider({
  name: 'fraud_case',
  commands: FraudCaseCommands,
  events: FraudEvents,
  initial: (): FraudCaseState => ({ isOpen: false }),
  evolve: {
    FraudCaseOpened: (_, { data }) => ({ isOpen: true, about: data }),
    FraudCaseExtended: (_, { data }) => ({ isOpen: true, about: data }),
    FraudCaseCleared: (known) => ({ ...known, isOpen: false }),
    FraudCaseConfirmed: (known) => ({ ...known, isOpen: false, isConfirmed: true }),
  },
  decide: {
    OpenCase: ({ data }, { isOpen, isConfirmed, about }) => {
      if (isConfirmed) return [];
      if (isOpen && about) return extending(about, data);
      return about && isBefore(data.since, about.until) ? [] : FraudEvents.FraudCaseOpened(data);
    },
    ClearCase: ({ data: { caseId, note } }, { isOpen, about }) =>
      isOpen && about ? FraudEvents.FraudCaseCleared({ customerId: about.customerId, note }) : notOpen(caseId),
    ConfirmFraud: ({ data: { caseId, note } }, { isOpen, about }) =>
      isOpen && about ? FraudEvents.FraudCaseConfirmed({ customerId: about.customerId, note }) : notOpen(caseId),
  },
});

function notOpen(caseId: string): Rejection {
  return reject('no-open-case', `There is no open case ${caseId}`);
}

/** The event of a window that is later than those of an open case, or larger; nothing otherwise. */
function extending(about: Spending, told: Spending): EventOf<typeof FraudEvents> | [] {
  const isLater = isBefore(about.until, told.until);
  if (!isLater && told.total <= about.total) return [];
  return FraudEvents.FraudCaseExtended({
    ...(told.total > about.total ? told : about),
    since: isBefore(told.since, about.since) ? told.since : about.since,
    until: isLater ? told.until : about.until,
  });
}
