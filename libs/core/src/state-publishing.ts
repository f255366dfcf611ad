import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { CheckpointMoved, WrongExpectedVersion } from './errors.js';
import { ReadModelMismatch } from './read-model-errors.js';
import type { Append, EventStore } from './event-store.js';
import { registryOf, type Creator } from './events.js';
import { failpoint } from './failpoint.js';
import type { ReadModel } from './read-model.js';
import { rowsByKey } from './read-model-fold.js';
import type { ReadModelTables } from './read-model-tables.js';
import { recordKey, type RowState } from './state.js';
import { subscriptionName } from './subscription-name.js';
import { STREAM_NAME_LIMIT } from './names.js';

/** Rows of one statement: bounded in number, for each is an event of the log. */
const CHUNK = 1_000;

/** Rows that a batch touches: their keys, and the rows before it, by the texts of the keys. */
export interface TouchedRows {
  readonly keys: ReadonlyMap<string, object>;
  readonly before: ReadonlyMap<string, object>;
}

/**
 * Appends what a batch has changed in the table that queries read: each row once, as the batch leaves it and as its table
 * gives it back; none that is as before. In the transaction that changes the rows, so it is with them or not at all.
 */
export async function publishChanges<Tx>(
  model: ReadModel,
  { keys, before }: TouchedRows,
  tables: ReadModelTables<Tx>,
  log: Pick<EventStore<Tx>, 'appendAll'>,
  tx: Tx,
): Promise<void> {
  if (keys.size === 0) return;
  const after = rowsByKey(model, keys, await tables.load(tx, model, [...keys.values()]));
  const changed: RowState[] = [];
  for (const [text, key] of keys)
    if (!isDeepStrictEqual(before.get(text), after.get(text))) changed.push({ key, row: after.get(text) ?? null });
  await failpoint('publish.after-rows');
  await appendRows(model, changed, log, tx);
}

/** One event for each row, in a stream of its own. */
export async function appendRows<Tx>(
  model: ReadModel,
  states: readonly RowState[],
  log: Pick<EventStore<Tx>, 'appendAll'>,
  tx: Tx,
): Promise<void> {
  const state = model.publish!;
  const { name, rowKey } = registryOf(state);
  const create = (state as Record<string, Creator>)[name]!;
  const [first] = states;
  if (first) requireKey(model, first.key, rowKey!);
  try {
    for (let start = 0; start < states.length; start += CHUNK) {
      const some = states.slice(start, start + CHUNK);
      await log.appendAll(
        some.map((each): Append => ({ stream: streamOf(name, each.key), events: [create(each)], expected: 'any' })),
        { tx },
      );
    }
  } catch (error) {
    // Only another runner of this read model appends to these streams: it was faster.
    if (error instanceof WrongExpectedVersion) throw new CheckpointMoved(subscriptionName(model), 0n);
    throw error;
  }
}

/** A stream for each key; a key that is too long for a name stands there by its hash. */
function streamOf(name: string, key: object): string {
  const stream = `${name}-${recordKey(key)}`;
  if (stream.length <= STREAM_NAME_LIMIT && !/\p{Cc}/u.test(stream)) return stream;
  return `${name}-#${createHash('sha256').update(recordKey(key)).digest('hex')}`;
}

function requireKey(model: ReadModel, key: object, names: readonly string[]): void {
  const given = Object.keys(key);
  if (given.length !== names.length || !names.every((name) => given.includes(name)))
    throw new ReadModelMismatch(
      model.name,
      `its key is (${given.join(', ')}), that of the state it publishes to is (${names.join(', ')}): make them the same`,
    );
}
