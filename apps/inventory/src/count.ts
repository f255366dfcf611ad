import { Counted, CountId, Location, Reason, Sku } from '@logfold-example/contracts';
import { commands, decider, events, reject } from '@logfold/core';
import { z } from 'zod';

const one = z.object({ countId: CountId });
const at = one.extend({ sku: Sku, location: Location });

/** What is counted, and what was found: private to the inventory, one stream per count. What follows from it, the stock tells. */
export const CountEvents = events(
  'inventory.count',
  { topic: null, partitions: 1 },
  {
    /** Somebody goes to count the pieces of one SKU at one location. */
    CountStarted: at,
    /** So many were there. Its position in the log is the moment at which they were. */
    CountRecorded: at.extend({ counted: Counted }),
    /** What the ledger said then cannot be known: nothing follows from the count. */
    CountFailed: at.extend({ why: Reason }),
  },
);

/** The shapes of the commands, by type: what a request body is made from. */
export const CountSchemas = {
  /** Somebody is to count. */
  StartCount: one.extend({ sku: Sku, location: Location.default('main') }),
  /** Somebody has counted just now, all pieces that are on hand: those that are reserved, committed or damaged too. */
  RecordCount: one.extend({ counted: Counted }),
  /** What was counted cannot be compared with the ledger. */
  FailCount: one.extend({ why: Reason }),
};

/** What can be asked of a count; the stream is `count-ID`. */
export const CountCommands = commands('inventory.count', { key: ({ countId }) => countId }, CountSchemas);

/** A count, as far as its rules need to know it. */
export interface CountState {
  readonly status: 'none' | 'started' | 'recorded' | 'failed';
  readonly sku: string;
  readonly location: string;
}

/** The rules of a count: started, and recorded once. */
export const Count = decider({
  name: 'count',
  commands: CountCommands,
  events: CountEvents,
  initial: (): CountState => ({ status: 'none', sku: '', location: '' }),
  evolve: {
    CountStarted: (_, { data: { sku, location } }): CountState => ({ status: 'started', sku, location }),
    CountRecorded: (count): CountState => ({ ...count, status: 'recorded' }),
    CountFailed: (count): CountState => ({ ...count, status: 'failed' }),
  },
  decide: {
    StartCount: ({ data }, { status }) =>
      status === 'none'
        ? CountEvents.CountStarted(data)
        : reject('already-started', `Count ${data.countId} was started already: it is ${status}`),
    RecordCount: ({ data }, { status, sku, location }) => {
      if (status === 'none') return reject('unknown', `There is no count ${data.countId}: start it`);
      return status === 'started'
        ? CountEvents.CountRecorded({ ...data, sku, location })
        : reject('is-recorded', `Count ${data.countId} is recorded already: start another one`);
    },
    FailCount: ({ data }, { status, sku, location }) =>
      status === 'recorded' ? CountEvents.CountFailed({ ...data, sku, location }) : [],
  },
});
