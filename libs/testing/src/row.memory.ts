import type { PublishedEvent, Recorded } from '@logfold/core';

/** An event as a row: its JSON is parsed anew by each reader, so no reader can change what is stored. */
export interface Row extends Omit<Recorded, 'data' | 'metadata' | 'recordedAt'> {
  readonly topic: string | null;
  readonly key: string | null;
  readonly dataJson: string;
  readonly metadataJson: string;
  readonly recordedAtMs: number;
}

/** The event that a row holds. */
export function recorded(row: Row): Recorded {
  return { ...withoutData(row), data: JSON.parse(row.dataJson) as unknown };
}

/** The event of a topic that a row holds. */
export function published(row: Row & { readonly topic: string }): PublishedEvent {
  return { ...withoutData(row), topic: row.topic, key: row.key ?? row.stream, dataJson: row.dataJson };
}

/** True for the row of an event that belongs to a topic: to this one, when it is named. */
export function isPublished(row: Row, topic: string | undefined): row is Row & { readonly topic: string } {
  return row.topic !== null && (topic === undefined || row.topic === topic);
}

function withoutData(row: Row): Omit<Recorded, 'data'> {
  const { id, type, stream, version, position, schemaVersion, metadataJson, recordedAtMs } = row;
  const metadata = JSON.parse(metadataJson) as Recorded['metadata'];
  return { id, type, stream, version, position, schemaVersion, recordedAt: new Date(recordedAtMs), metadata };
}
