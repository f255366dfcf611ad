import { commands, decider, events, readModel, reject, sql, type, type Schema } from '@logfold/core';

/** A domain of two events, for tests of what is around it. */
const note: Schema<{ id: string; text: string }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const { id, text } = (value ?? {}) as { id?: unknown; text?: unknown };
      if (typeof text === 'string' && text.length <= 20) return { value: { id: String(id), text } };
      return { issues: [{ message: 'must be a text of 20 characters at most', path: ['text'] }] };
    },
  },
};

export const NoteEvents = events('desk.note', { partitions: 1 }, { NoteWritten: note });
export const NoteCommands = commands('desk.note', { key: ({ id }) => id }, { WriteNote: note });

export const Note = decider({
  name: 'note',
  commands: NoteCommands,
  events: NoteEvents,
  initial: () => ({ texts: 0 }),
  evolve: { NoteWritten: ({ texts }) => ({ texts: texts + 1 }) },
  decide: {
    WriteNote: ({ data }, { texts }) =>
      texts === 3 ? reject('full', 'A note holds three texts', { texts }) : NoteEvents.NoteWritten(data),
  },
});

export const Notes = readModel({
  name: 'notes',
  version: 1,
  from: [NoteEvents],
  row: type<{ id: string; text: string }>(),
  table: sql`(id text PRIMARY KEY, text text NOT NULL)`,
  key: ({ data }) => ({ id: data.id }),
  evolve: { NoteWritten: (_row, { data }) => data },
});
