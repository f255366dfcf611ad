import type { PostgresDatabase } from '@logfold/postgres';
import { BenchEvents, type OneAppend } from './workload.js';

/** Ours: `append` as a user calls it. Appends that are made at the same time share a commit. */
export function appendOurs({ events }: PostgresDatabase) {
  return ({ stream, version, data, metadata }: OneAppend): Promise<unknown> =>
    events.append({
      stream,
      events: [BenchEvents.LinePlaced(data)],
      expected: version === 0 ? 'none' : version,
      metadata,
    });
}
