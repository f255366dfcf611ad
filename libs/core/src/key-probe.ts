import type { ReadModel } from './read-model.js';

/**
 * The names of the properties of a read model's keys, found by asking `key` about an event whose every property is a
 * stand-in. Undefined when that tells nothing (a key made by a loop over the event's lines, say): then the first real
 * event does.
 */
export function probeKey(model: ReadModel): readonly string[] | undefined {
  const names = new Set<string>();
  for (const type of model.types) {
    try {
      const keys: unknown = model.key(Object.assign(Object.create(null), { type, data: standIn() }));
      for (const key of Array.isArray(keys) ? (keys as unknown[]) : [keys]) {
        if (typeof key !== 'object' || key === null) return undefined;
        for (const name of Object.keys(key)) names.add(name);
      }
    } catch {
      return undefined;
    }
  }
  return names.size === 0 ? undefined : [...names];
}

/** Has every property, can be called, and turns into an empty string. */
function standIn(): unknown {
  return new Proxy(() => undefined, {
    get: (_, name) => (name === Symbol.toPrimitive ? () => '' : name === Symbol.iterator ? undefined : standIn()),
    apply: () => standIn(),
    ownKeys: () => [],
    getOwnPropertyDescriptor: () => undefined,
  });
}
