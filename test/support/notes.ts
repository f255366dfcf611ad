import { commands, decider, events, readModel, sql, type, versioned, type Event, type Recorded } from '@logfold/core';

/** A domain without rules, for tests of what is around it. */
export const NoteEvents = events(
  'desk.note',
  { partitions: 1 },
  { Noted: type<{ id: string; text: string }>(), Entitled: type<{ id: string; title: string }>() },
);

export const NoteCommands = commands(
  'desk.note',
  { key: ({ id }) => id },
  { Write: type<{ id: string; text: string }>(), Entitle: type<{ id: string; title: string }>() },
);

export const Note = decider({
  name: 'note',
  commands: NoteCommands,
  events: NoteEvents,
  initial: () => ({ texts: 0 }),
  evolve: { Noted: ({ texts }) => ({ texts: texts + 1 }), Entitled: (note) => note },
  decide: { Write: ({ data }) => NoteEvents.Noted(data), Entitle: ({ data }) => NoteEvents.Entitled(data) },
});

const counted = {
  name: 'notes',
  version: 1,
  row: type<{ id: string; texts: number }>(),
  table: sql`(id text PRIMARY KEY, texts int NOT NULL)`,
  key: ({ data }: Recorded<Event<'Noted', { id: string }>>) => ({ id: data.id }),
  evolve: {
    Noted: (row: { texts: number } | undefined, { data }: Recorded<Event<'Noted', { id: string }>>) => ({
      id: data.id,
      texts: (row?.texts ?? 0) + 1,
    }),
  },
};

/** How many texts there are of each note. */
export const Notes = readModel({ ...counted, from: [NoteEvents] });

/** The same in code that knows the second schema version of `Noted`. */
export const readsNewerNotes = readModel({
  ...counted,
  from: [
    events(
      'desk.note',
      { partitions: 1 },
      { Noted: versioned(2, type<{ id: string; text: string }>(), { 1: (old) => old }) },
    ),
  ],
});

/** The title of each note. */
export const Titles = readModel({
  name: 'titles',
  version: 1,
  from: [NoteEvents],
  row: type<{ id: string; title: string }>(),
  table: sql`(id text PRIMARY KEY, title text NOT NULL)`,
  key: ({ data }) => ({ id: data.id }),
  evolve: { Entitled: (_row, { data }) => data },
});
