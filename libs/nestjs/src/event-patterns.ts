import { registryOf } from '@logfold/core';
import { InvalidConfiguration } from './errors.js';

/** What a pattern names: all events of a topic, or those of one type. */
export interface Matched {
  readonly topic: string;
  readonly types: readonly string[];
  /** The registries that declare the types. */
  readonly registries: readonly object[];
}

/** The patterns that handlers may have: `inventory.stock`, or `inventory.stock/StockDepleted`. */
export class EventPatterns {
  readonly #topics = new Map<string, object[]>();

  /** @param registries those whose topics may be named; private ones are named by their own name. */
  constructor(registries: readonly object[]) {
    for (const registry of registries) {
      const { name, topic } = registryOf(registry);
      const known = this.#topics.get(topic ?? name);
      if (known) known.push(registry);
      else this.#topics.set(topic ?? name, [registry]);
    }
  }

  /** @throws InvalidConfiguration for a pattern that names none of the topics, or no type of its topic. */
  match(pattern: unknown): Matched {
    const [topic, type, ...more] = typeof pattern === 'string' ? pattern.split('/') : [];
    const registries = this.#topics.get(topic ?? '');
    if (!registries || more.length > 0)
      throw new InvalidConfiguration(
        `${shown(pattern)} names no topic of "from": there are ${[...this.#topics.keys()].join(', ') || 'none'}, ` +
          `and 'topic/EventType' for one type. A handler of another transport must name it: @EventPattern('…', Transport.TCP)`,
      );
    const types = registries.flatMap((registry) => Object.keys(registry));
    if (type !== undefined && !types.includes(type))
      throw new InvalidConfiguration(`${shown(pattern)}: topic "${topic}" has no ${type}, but ${types.join(', ')}`);
    return {
      topic: topic!,
      types: type === undefined ? types : [type],
      registries: type === undefined ? registries : registries.filter((registry) => type in registry),
    };
  }
}

function shown(pattern: unknown): string {
  const text = typeof pattern === 'string' ? `'${pattern}'` : pattern instanceof RegExp ? String(pattern) : undefined;
  return `Pattern ${text ?? JSON.stringify(pattern)}`;
}
