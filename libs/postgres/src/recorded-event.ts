import type { Metadata, Recorded } from '@logfold/core';

/** A row of the events table, as the reading statements select it. */
export interface EventRow {
  readonly position: bigint;
  readonly stream: string;
  readonly version: number;
  readonly id: string;
  readonly type: string;
  readonly schema_version: number;
  readonly data: unknown;
  readonly metadata: Metadata;
  readonly recorded_at: Date;
}

/** The event that a row holds. */
export function recordedEvent(row: EventRow): Recorded {
  const {
    position,
    stream,
    version,
    id,
    type,
    schema_version: schemaVersion,
    data,
    metadata,
    recorded_at: recordedAt,
  } = row;
  return { id, type, data, stream, version, position, schemaVersion, recordedAt, metadata };
}
