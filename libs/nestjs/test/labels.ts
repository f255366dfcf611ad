import { commands, decider, events, reject, type } from '@logfold/core';

/** What another service does about notes. */
const label = type<{ id: string; text: string }>();

export const LabelEvents = events(
  'office.label',
  { partitions: 2, key: ({ data }) => data.id },
  { LabelPrinted: label, LabelTorn: label },
);
export const LabelCommands = commands('office.label', { key: ({ id }) => id }, { Print: label });

export const Label = decider({
  name: 'label',
  commands: LabelCommands,
  events: LabelEvents,
  initial: () => ({ printed: 0 }),
  evolve: { LabelPrinted: ({ printed }) => ({ printed: printed + 1 }), LabelTorn: (state) => state },
  decide: {
    Print: ({ data }, { printed }) =>
      printed === 2 ? reject('out', 'Two labels are all there are') : LabelEvents.LabelPrinted(data),
  },
});
