import { InvalidDefinition } from './errors.js';
import { checkDottedName, checkStreamName } from './names.js';
import type { In, Out, Schema } from './schema.js';
import { validated } from './validate.js';

/** A wish that something happen to one stream. */
export interface Command<Type extends string = string, Data = any> {
  readonly type: Type;
  readonly data: Data;
  /** The stream that decides it: the registry's category, then what its `key` made of the data. */
  readonly stream: string;
}

/** Makes commands of one type: validates the data and names the stream. */
export interface CommandCreator<Type extends string = string, Input = any, Data = any> {
  /** @throws ValidationFailed with the path of each bad field; InvalidStreamName when the key makes no stream name. */
  (data: Input): Command<Type, Data>;
  readonly type: Type;
  readonly schema: Schema<Input, Data>;
}

/** The command types of a category. */
export type CommandTypes = Readonly<Record<string, Schema<any, any>>>;

/** What a registry of commands says about itself. */
export interface CommandRegistry {
  readonly name: string;
  /** What the names of its streams begin with. */
  readonly category: string;
}

declare const registry: unique symbol;

/** A registry of command types: one creator per type. */
export type Commands<C extends CommandTypes = CommandTypes> = {
  readonly [K in keyof C & string]: CommandCreator<K, In<C[K]>, Out<C[K]>>;
} & { readonly [registry]: CommandRegistry };

/** The union of the commands of a registry, or those of the named types. */
export type CommandOf<R, K extends keyof R & string = keyof R & string> = {
  [T in K]: R[T] extends CommandCreator<infer N, any, infer D> ? Command<N, D> : never;
}[K];

/**
 * Declares the commands of one category.
 * @param name `service.category`; the streams are called `category-key`.
 * @example commands('inventory.stock', { key: (stock) => stock.sku }, { ReceiveStock: z.object({ sku: z.string() }) })
 */
export function commands<const C extends CommandTypes>(
  name: string,
  options: { readonly key: (data: Out<NoInfer<C>[keyof C]>) => string },
  types: C,
): Commands<C> {
  checkDottedName('Command registry', name);
  const category = name.slice(name.lastIndexOf('.') + 1);
  if (typeof options.key !== 'function')
    throw new InvalidDefinition(`commands("${name}") needs a key: (data) => the id of the stream that decides it`);
  const creators = Object.entries(types).map(([type, schema]) => {
    const create = (input: unknown): Command => {
      const data = validated(`Command ${type}`, schema, input);
      const stream = `${category}-${options.key(data)}`;
      checkStreamName(stream);
      return { type, data, stream };
    };
    return [type, Object.assign(create, { type, schema })];
  });
  const made = Object.fromEntries(creators);
  registries.set(made, { name, category });
  return made;
}

/** What a registry made by `commands` says about itself. @throws InvalidDefinition for anything else. */
export function commandRegistryOf(of: object): CommandRegistry {
  const found = registries.get(of);
  if (!found) throw new InvalidDefinition('expected a registry made by commands(...)');
  return found;
}

const registries = new WeakMap<object, CommandRegistry>();
