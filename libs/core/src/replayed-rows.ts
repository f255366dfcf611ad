import type { EventCatalog } from './event-catalog.js';
import type { Recorded } from './events.js';
import { refuseStrayRows } from './partitioned.js';
import type { ReadModel } from './read-model.js';
import { foldEvent, rowsByKey, touchedKeys } from './read-model-fold.js';

/** A row in memory: undefined where there is none. */
interface Entry {
  readonly key: object;
  row: object | undefined;
  /** True for a row that the table does not hold as it is here. */
  dirty: boolean;
}

/** Where the rows go that memory has no room for, and at the end. */
export interface RowsBelow {
  /** The rows with these keys, as far as they were put before. */
  load(keys: readonly object[]): Promise<readonly object[]>;
  put(changes: {
    readonly rows: readonly object[];
    readonly deleted: readonly object[];
    readonly fresh: boolean;
  }): Promise<void>;
}

/** What an entry takes beside its row as JSON: the map, the key, the objects. A guess that is rather too high. */
const ENTRY_BYTES = 300;
const BYTES_PER_CHARACTER = 3;

/** Every so many rows one is measured. */
const MEASURED = 64;

/**
 * The rows of a read model while the log is folded from its beginning: in memory as long as they fit, and then in its
 * table. As long as nothing was put below, nothing has to be loaded, and everything is new there.
 */
export class ReplayedRows {
  readonly #entries = new Map<string, Entry>();
  #spilled = false;
  #measured = { rows: 0, bytes: 0, seen: 0 };

  /** @param limitBytes how much the rows may take, as far as that can be told */
  constructor(
    readonly model: ReadModel,
    readonly catalog: Pick<EventCatalog, 'keyOf'>,
    readonly limitBytes: number,
    readonly below: RowsBelow,
  ) {}

  /** Rows that are held, deleted ones included. */
  get size(): number {
    return this.#entries.size;
  }

  /** True when rows had to be put below before the end. */
  get spilled(): boolean {
    return this.#spilled;
  }

  /** Folds events, in their order, behind those before. */
  async fold(events: readonly Recorded[]): Promise<void> {
    refuseStrayRows(this.model, this.catalog, events);
    if (this.#spilled) await this.#loadMissing(events);
    for (const event of events)
      foldEvent(
        this.model,
        event,
        (text) => this.#entries.get(text)?.row,
        (text, key, after) => this.#set(text, key, after),
      );
    if (this.#entries.size * this.#entryBytes() > this.limitBytes) {
      await this.flush();
      this.#entries.clear();
    }
  }

  /** Puts below what is not there yet. */
  async flush(): Promise<void> {
    const dirty = [...this.#entries.values()].filter((entry) => entry.dirty);
    const rows = dirty.flatMap(({ row }) => row ?? []);
    const deleted = this.#spilled ? dirty.filter(({ row }) => row === undefined).map(({ key }) => key) : [];
    await this.below.put({ rows, deleted, fresh: !this.#spilled });
    this.#spilled = true;
    for (const entry of dirty) entry.dirty = false;
  }

  #set(text: string, key: object, row: object | undefined): void {
    if (row && this.#measured.seen++ % MEASURED === 0) {
      this.#measured.rows++;
      this.#measured.bytes += JSON.stringify(row).length * BYTES_PER_CHARACTER;
    }
    const entry = this.#entries.get(text);
    if (!entry) return void this.#entries.set(text, { key, row, dirty: true });
    entry.row = row;
    entry.dirty = true;
  }

  #entryBytes(): number {
    const { rows, bytes } = this.#measured;
    return ENTRY_BYTES + (rows === 0 ? 0 : bytes / rows);
  }

  async #loadMissing(events: readonly Recorded[]): Promise<void> {
    const missing = touchedKeys(this.model, events);
    for (const text of missing.keys()) if (this.#entries.has(text)) missing.delete(text);
    if (missing.size === 0) return;
    const rows = rowsByKey(this.model, missing, await this.below.load([...missing.values()]));
    for (const [text, key] of missing) this.#entries.set(text, { key, row: rows.get(text), dirty: false });
  }
}
