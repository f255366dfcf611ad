import type { Moment, RowsAsOf } from './as-of.js';
import { InvalidDefinition } from './errors.js';
import type { Each, Event, Recorded } from './events.js';
import { checkIdentifier } from './names.js';
import type { WaitOptions, Waited } from './read-your-writes.js';
import { retry, type RetryPolicy } from './retry-policy.js';
import type { Out, Schema } from './schema.js';
import { isState, type Publishes } from './state.js';
import { sqlReadModel } from './sql-read-model.js';

type Of<E extends Event, N> = Recorded<Extract<E, { type: N }>>;

/** One key, or several where one event touches several rows. */
export type Keys<Key> = Key | readonly Key[];

/** A piece of SQL, as `sql` makes it. */
export interface Sql {
  readonly text: string;
}

/** Marks the definition of a table: plain SQL, without placeholders (names and values come from code, never from users). */
export function sql(strings: TemplateStringsArray, ...values: readonly (string | number)[]): Sql {
  return { text: String.raw({ raw: strings.raw }, ...values) };
}

/** A fold of many streams into the rows of a table. */
export interface ReadModel<Row extends object = any, Key extends object = any> {
  readonly kind: 'read model';
  readonly name: string;
  readonly version: number;
  /** The registries whose events it folds. */
  readonly from: readonly object[];
  readonly row: Schema<any, Row>;
  readonly table: Sql;
  /** Properties whose values differ from those of the version before on purpose; all others must agree at a rebuild. */
  readonly changes?: readonly string[] | 'everything';
  /** The state topic that its rows are published to. */
  readonly publish?: object;
  /** The types of the events that it folds. */
  readonly types: readonly string[];
  /** The keys of the rows that an event touches. */
  readonly key: (event: any) => Keys<Key>;
  /** The streams that hold every event of a row; undefined where nobody has said. */
  readonly streams?: ((key: Key) => Keys<string>) | undefined;
  /** What orders all events of a row; undefined for a model whose rows mix events of several keys. */
  readonly partitionedBy?: ((key: Key) => string) | undefined;
  /** What becomes of an event that cannot be folded; without a policy the model stops, alone. */
  readonly onError?: RetryPolicy | undefined;
  /** The row after an event; undefined in: no such row yet; null out: delete it; undefined out: leave it. */
  readonly evolve: Readonly<Record<string, (row: Row | undefined, event: any, key: Key) => Row | null | undefined>>;
}

/** A part of what was found: the first `limit` rows behind that with the key `after`. */
export interface Page<Key extends object> {
  readonly limit?: number | undefined;
  readonly after?: Key | undefined;
}

/** How a table's rows are queried. Property names are the columns' in camelCase; a row is what JSON holds. */
export interface Rows<Row extends object, Key extends object> {
  find(key: Key): Promise<Row | undefined>;
  /** Rows whose columns equal `where`, in the order of the key; 100 at most unless `limit` (1,000 at most) says so. */
  findMany(where?: Partial<Row>, page?: Page<Key>): Promise<readonly Row[]>;
  /** The table's full name, for SQL of one's own. */
  readonly table: string;
}

/** How a read model is queried: its rows as they are, once they hold one's own write, and as they were. */
export interface Queries<Row extends object, Key extends object> extends Rows<Row, Key> {
  /**
   * Waits until the rows hold what a command did: `token` is what it answered, here or in another service.
   * @throws ValidationFailed for a text that is no token, PositionOfAnotherLog, TooManyWaiting, NotRunning
   */
  waitFor(token: string, options?: WaitOptions): Promise<Waited>;
  /**
   * The rows with these keys as they were at a position or a time: the fold of the log up to there. Reads the streams that
   * the definition names for them, else all events of its types.
   * @param keys one, or 100 at most
   * @throws PositionAhead, AsOfUnavailable for a model that hears other services or has too much to read
   */
  asOf(keys: Keys<Key>, moment: Moment): Promise<RowsAsOf<Row>>;
}

/** The query side of a read model, for the type of an injected parameter. */
export type RowsOf<M> = M extends ReadModel<infer Row, infer Key> ? Queries<Row, Key> : never;

/** What `key` may be: one function for all events, or one for each type. */
type KeyOf<E extends Event, T extends string, Key> =
  ((event: Of<E, T>) => Keys<Key>) | { readonly [N in T]: (event: Of<E, N>) => Keys<Key> };

/** What becomes of a poison event where nothing else was said. */
const PARTITIONED = retry(3).thenPark();

function foldedReadModel<
  const R extends readonly unknown[],
  T extends Each<R>['type'],
  S extends Schema<any, object>,
  Key extends Partial<Out<S>>,
>(definition: {
  readonly name: string;
  readonly version: number;
  readonly from: R;
  readonly row: S;
  readonly table: Sql;
  readonly changes?: readonly (keyof Out<NoInfer<S>> & string)[] | 'everything';
  /** A state, made by `state`: each row that changes is appended to the log for it, in the transaction that changes it. */
  readonly publish?: Publishes<Out<NoInfer<S>>>;
  readonly key: KeyOf<Each<NoInfer<R>>, NoInfer<T>, Key>;
  /** The streams that hold every event of a row: `asOf` then reads these alone. */
  readonly streams?: (key: NoInfer<Key>) => Keys<string>;
  /**
   * What orders all events of a row: the key that their registry names, else their stream. An event that touches a row of
   * another is refused. So one that cannot be folded stops its own key only, and where all events come from one topic, processes
   * share its partitions.
   */
  readonly partitionedBy?: (key: NoInfer<Key>) => string;
  /** What becomes of an event that cannot be folded: `retry(3).thenPark()`, unless given, of a model that is `partitionedBy`. */
  readonly onError?: RetryPolicy;
  /** `key` is that of the row at hand: an event that touches several rows is folded once into each. */
  readonly evolve: {
    readonly [N in T]: (
      row: Out<NoInfer<S>> | undefined,
      event: Of<Each<NoInfer<R>>, N>,
      key: NoInfer<Key>,
    ) => Out<NoInfer<S>> | null | undefined;
  };
}): ReadModel<Out<S>, Key> {
  const { name, version } = definition;
  checkIdentifier('Read model', name);
  if (!Number.isInteger(version) || version < 1)
    throw new InvalidDefinition(`Read model "${name}": version must be a whole number from 1 upwards`);
  const types = Object.keys(definition.evolve);
  if (types.length === 0) throw new InvalidDefinition(`Read model "${name}" folds no events: give evolve at least one`);
  const declared = new Set(definition.from.flatMap((registry) => Object.keys(registry as object)));
  const foreign = types.filter((type) => !declared.has(type));
  if (foreign.length > 0)
    throw new InvalidDefinition(
      `Read model "${name}" folds ${foreign.join(', ')}, which none of its registries declares`,
    );
  const { publish } = definition;
  if (publish && (!isState(publish) || definition.from.includes(publish)))
    throw new InvalidDefinition(
      `Read model "${name}" must publish to a state of its own, made by state(...), which it does not fold itself`,
    );
  const { key, partitionedBy, onError = partitionedBy ? PARTITIONED : undefined } = definition;
  if (onError?.last === 'park' && !partitionedBy)
    throw new InvalidDefinition(
      `Read model "${name}" cannot park the key of an event, since its rows may hold events of several: ` +
        'say with "partitionedBy" what orders the events of a row',
    );
  const keyOf =
    typeof key === 'function'
      ? key
      : (event: Event) => (key as unknown as Record<string, (event: Event) => Keys<Key>>)[event.type]!(event);
  return { kind: 'read model', ...definition, onError, types, key: keyOf } as unknown as ReadModel<Out<S>, Key>;
}

/**
 * Declares a read model. The events that it handles are the keys of `evolve`.
 * The table's columns are the row's properties in snake_case; its PRIMARY KEY must be the properties of `key`.
 * Row values are what JSON holds: write times as ISO strings, money as integers.
 * `readModel.sql` is for what is no fold by key.
 * @throws InvalidDefinition for a name that cannot be a table's, a version below 1, `publish` to what it folds itself, or parking
 * without `partitionedBy`.
 */
export const readModel = Object.assign(foldedReadModel, { sql: sqlReadModel });
