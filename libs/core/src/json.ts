/** How deep event data may be nested, and how many properties one object of it may have. */
export const JSON_DEPTH_LIMIT = 32;
export const JSON_KEYS_LIMIT = 1_000;

/** Names of properties that would change every object of a program that copies them carelessly. */
const DANGEROUS = new Set(['__proto__', 'constructor', 'prototype']);
const mayBeDangerous = /"(?:__proto__|constructor|prototype|[^"]*\\)/;

/** Why a value must not be stored: too deep, too many properties, a dangerous name. Undefined when it may. */
export function unsafeJson(value: unknown, depth = 1): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > JSON_DEPTH_LIMIT) return `it is nested deeper than ${JSON_DEPTH_LIMIT} levels`;
  if (Array.isArray(value)) return firstOf(value, (item) => unsafeJson(item, depth + 1));
  const names = Object.keys(value);
  if (names.length > JSON_KEYS_LIMIT)
    return `an object of it has ${names.length} properties, ${JSON_KEYS_LIMIT} at most`;
  const dangerous = names.find((name) => DANGEROUS.has(name));
  if (dangerous !== undefined) return `it has a property named "${dangerous}"`;
  return firstOf(names, (name) => unsafeJson((value as Record<string, unknown>)[name], depth + 1));
}

/** Parses JSON that somebody else wrote; properties with dangerous names are dropped. @throws SyntaxError */
export function parseForeignJson(text: string): unknown {
  if (!mayBeDangerous.test(text)) return JSON.parse(text) as unknown;
  return JSON.parse(text, (name, value: unknown) => (DANGEROUS.has(name) ? undefined : value)) as unknown;
}

function firstOf<T>(items: readonly T[], why: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = why(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
