import type { EventCatalog } from './event-catalog.js';
import type { Recorded } from './events.js';
import { touchedKeys } from './read-model-fold.js';
import { ReadModelMismatch } from './read-model-errors.js';
import type { ReadModel } from './read-model.js';

/**
 * Refuses events that touch rows of another key than their own, where a definition says that there are none. Two processes
 * could write such a row at once, and a parked event would be overtaken in it.
 * @throws ReadModelMismatch
 */
export function refuseStrayRows(
  model: ReadModel,
  catalog: Pick<EventCatalog, 'keyOf'>,
  events: readonly Recorded[],
): void {
  const { partitionedBy } = model;
  if (!partitionedBy) return;
  for (const event of events) {
    const own = catalog.keyOf(event);
    for (const [text, key] of touchedKeys(model, [event]))
      if (partitionedBy(key) !== own)
        throw new ReadModelMismatch(
          model.name,
          `${event.type} at position ${event.position} is ordered by "${own}" and touches the row ${text}, ` +
            `which "partitionedBy" orders by "${partitionedBy(key)}": rows of several keys need a model without it`,
        );
  }
}

/** True for a row that may lack what is parked: its key is that of parked events. */
export function isParkedRow({ partitionedBy }: ReadModel, parked: ReadonlySet<string>, key: object): boolean {
  return partitionedBy !== undefined && parked.size > 0 && parked.has(partitionedBy(key));
}
