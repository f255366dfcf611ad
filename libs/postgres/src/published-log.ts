import type { LogIdentity, PublishedLog } from '@logfold/core';
import type { Pool } from './connection.js';
import { translating } from './errors.js';
import { readPublished, safePosition } from './log-reader.js';
import type { Statements } from './statements.js';

/** A log as others read it. @param reading for short statements; @param scanning for those that may take long. */
export function publishedLog(reading: Pool, scanning: Pool, statements: Statements): PublishedLog {
  return {
    readPublished: (range) => readPublished(scanning, statements, range),
    end: () => safePosition(reading, statements),
    async idsAt(positions) {
      if (positions.length === 0) return new Map();
      const rows = await translating(() =>
        reading.sql.unsafe<{ position: bigint; id: string }[]>(statements.idsAt, [positions.map(String)], {
          prepare: true,
        }),
      );
      return new Map(rows.map(({ position, id }) => [position, id]));
    },
    async identity() {
      const [log] = await translating(() => reading.sql.unsafe<LogIdentity[]>(statements.identity));
      const { id, name, epoch } = log!;
      return { id, name, epoch };
    },
  };
}
