import type { Metadata, PublishedEvent, Recorded } from '@logfold/core';

/** What every row of an event has. */
interface Row {
  readonly position: bigint;
  readonly stream: string;
  readonly version: number;
  readonly id: string;
  readonly type: string;
  readonly schema_version: number;
  readonly metadata: Metadata;
  readonly recorded_at: Date;
}

/** A row of the events table, as the reading statements select it. */
export interface EventRow extends Row {
  readonly data: unknown;
}

/** A row of `published`. */
export interface PublishedRow extends Row {
  readonly topic: string;
  readonly key: string;
  readonly data_json: string;
  /** The bytes of data of this row and those before it. */
  readonly total: bigint;
}

/** The event that a row holds. */
export function recordedEvent(row: EventRow): Recorded {
  return { ...withoutData(row), data: row.data };
}

/** The event of a topic that a row holds. */
export function publishedEvent(row: PublishedRow): PublishedEvent {
  return { ...withoutData(row), topic: row.topic, key: row.key, dataJson: row.data_json };
}

function withoutData(row: Row): Omit<Recorded, 'data'> {
  const { position, stream, version, id, type, schema_version: schemaVersion, metadata, recorded_at: recordedAt } = row;
  return { id, type, stream, version, position, schemaVersion, recordedAt, metadata };
}
