// A service in a process of its own that builds a read model of large rows from its log, for a test that gives it little memory.
// Arguments: the database's URL, how many bytes the rows may take while they are built.
import { events, logfold, readModel, sql, type } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';

const [url, limit] = process.argv.slice(2);

const NoteEvents = events('shop.note', { partitions: 1 }, { Noted: type() });

const Notes = readModel({
  name: 'notes',
  version: 1,
  from: [NoteEvents],
  row: type(),
  table: sql`(item text PRIMARY KEY, note text NOT NULL, events int NOT NULL)`,
  key: ({ data }) => ({ item: data.item }),
  evolve: {
    Noted: (row, { data }) => ({ item: data.item, note: data.note, events: (row?.events ?? 0) + 1 }),
  },
});

const service = logfold({
  database: postgresDatabase({ service: 'shop', url }),
  definitions: [Notes],
  rebuildMemoryBytes: Number(limit),
  onRebuild: ({ state }) => console.log(state),
  runner: { onError: (error) => console.log(error.code ?? error.message) },
});
await service.start();
process.on('SIGTERM', () => void service.stop());
