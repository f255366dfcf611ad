import type { Event, Recorded } from '@logfold/core';

/**
 * Makes up what the log would add: each event a second after the one before, all of one stream.
 * @param registries those that declare the type
 */
export function recordedAs({ type, data }: Event, index: number, registries: readonly object[]): Recorded {
  const id = `00000000-0000-7000-8000-${String(index + 1).padStart(12, '0')}`;
  return {
    id,
    type,
    data,
    stream: 'given-1',
    version: index + 1,
    position: BigInt(index + 1),
    schemaVersion: schemaVersionOf(type, registries),
    recordedAt: new Date(Date.UTC(2030, 0, 1, 0, 0, index)),
    metadata: { correlationId: id, causationId: id },
  };
}

/** The version that its creator gives to new events. */
function schemaVersionOf(type: string, registries: readonly object[]): number {
  for (const registry of registries as readonly Record<string, { readonly version: number } | undefined>[])
    if (Object.hasOwn(registry, type)) return registry[type]!.version;
  return 1;
}
