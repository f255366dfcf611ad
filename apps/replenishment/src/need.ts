import { BuyingCause, DeliveryId, Location, Quantity, Sku } from '@logfold-example/contracts';
import { commands, decider, events } from '@logfold/core';
import { z } from 'zod';

const at = z.object({ sku: Sku, location: Location });
const bought = at.extend({ purchaseId: DeliveryId });

/** What is needed on a shelf: private to replenishment, one stream per SKU and location. */
export const NeedEvents = events(
  'replenishment.need',
  { topic: null, partitions: 1 },
  {
    /** Pieces are needed, and none are bought yet: they are now, under this number. */
    NeedDetected: bought.extend({ quantity: Quantity, because: BuyingCause }),
    /** What was bought has come, or will not: the next need is a new one. */
    NeedClosed: bought,
  },
);

/** The shapes of the commands, by type. */
const NeedSchemas = {
  /** Something says that pieces are needed. The number is that of the purchase, if there is to be one; `lot` what the catalog says. */
  DetectNeed: bought.extend({ because: BuyingCause, lot: Quantity.optional() }),
  /** The purchase has ended. */
  CloseNeed: bought,
};

/** What can be told of a need; the stream is `need-SKU@LOCATION`. */
export const NeedCommands = commands(
  'replenishment.need',
  { key: ({ sku, location }) => `${sku}@${location}` },
  NeedSchemas,
);

/** Pieces that are bought at a time where the catalog does not say it. */
const LOT = 20;

/** The rules of needs: however many things say that something is needed, it is bought once, until that has come. */
export const Need = decider({
  name: 'need',
  commands: NeedCommands,
  events: NeedEvents,
  initial: (): { readonly buying?: string } => ({}),
  evolve: {
    NeedDetected: (_, { data }) => ({ buying: data.purchaseId }),
    NeedClosed: () => ({}),
  },
  decide: {
    DetectNeed: ({ data: { lot = LOT, ...need } }, { buying }) =>
      buying === undefined ? NeedEvents.NeedDetected({ ...need, quantity: lot }) : [],
    CloseNeed: ({ data }, { buying }) => (buying === data.purchaseId ? NeedEvents.NeedClosed(data) : []),
  },
});
