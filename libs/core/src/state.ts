import { InvalidDefinition } from './errors.js';
import { registered, registryOf, type EventRegistry, type Events } from './events.js';
import { checkDottedName } from './names.js';
import { keyText } from './read-model-fold.js';
import { type, type Out, type Schema } from './schema.js';

/** What a state topic says of one key: the row as it is now, or that there is none any more. */
export interface RowState<Row extends object = any, Key extends object = any> {
  readonly key: Key;
  /** Null when the row was deleted. */
  readonly row: Row | null;
}

declare const rows: unique symbol;
declare const states: unique symbol;

/** Rows that can be published to a state. */
export interface Publishes<Row> {
  readonly [rows]: (row: Row) => void;
}

/** A topic that holds the last row of each key, as producer and consumers share it. */
export type State<Name extends string = string, Row extends object = any, Key extends object = any> = Events<{
  readonly [N in Name]: Schema<RowState<Row, Key>>;
}> &
  StateRows<Row, Key>;

/** A state whatever its name is. */
export interface StateRows<Row extends object, Key extends object> extends Publishes<Row> {
  readonly [states]: RowState<Row, Key>;
}

/**
 * Declares a state topic: one read model publishes its rows there (`publish`), and others read them (`from`, or `copyOf`).
 * Its only event type has its name; the data is `{ key, row }`, with `row: null` for a row that is gone.
 * @param name `service.what`: the topic's name too; the service is that of the read model
 * @param definition.key the properties of the row that are its PRIMARY KEY
 * @throws InvalidDefinition
 * @example state('catalog.products', { partitions: 3, row: Product, key: ['sku'] })
 */
export function state<const Name extends string, S extends Schema<any, object>, const K extends keyof Out<S> & string>(
  name: Name,
  definition: { readonly partitions: number; readonly row: S; readonly key: readonly [K, ...K[]] },
): State<Name, Out<S>, Pick<Out<S>, K>> {
  checkDottedName('State', name);
  const { partitions, key: rowKey } = definition;
  if (!name.includes('.'))
    throw new InvalidDefinition(`State name "${name}" must begin with its service, such as "catalog.${name}"`);
  if (rowKey.length === 0 || new Set(rowKey).size < rowKey.length)
    throw new InvalidDefinition(`State "${name}": key must name the properties of the row's key, each once`);
  const key: EventRegistry['key'] = ({ data }) => recordKey((data as RowState).key);
  const made = registered({ name, topic: name, partitions, key, rowKey }, { [name]: type<RowState>() });
  return made as unknown as State<Name, Out<S>, Pick<Out<S>, K>>;
}

/** True for a registry that `state` made. */
export function isState(registry: object): boolean {
  return registryOf(registry).rowKey !== undefined;
}

/** True for a read model that folds rows of a state topic. */
export function readsState({
  from,
  types,
}: {
  readonly from: readonly object[];
  readonly types: readonly string[];
}): boolean {
  return from.some((registry) => isState(registry) && types.some((each) => each in registry));
}

/**
 * The name of a state topic in the checkpoints of who reads it from a broker: there they are offsets. Read from a log they
 * are positions, and have the topic's own name; whoever changes from one to the other reads the topic once more.
 */
export function stateSourceName(topic: string): string {
  return `${topic} by offset`;
}

/** A row's key as the key of its records: a single text as it is, everything else as a JSON array of its values. */
export function recordKey(key: object): string {
  const values: unknown[] = Object.values(key);
  const [first] = values;
  return values.length === 1 && typeof first === 'string' && !first.startsWith('[') ? first : keyText(key);
}
