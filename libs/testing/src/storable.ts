import { EventNotStorable, type PreparedAppend } from '@logfold/core';

/**
 * Refuses what Postgres cannot keep in `text` or `jsonb`: a NUL character, or half a surrogate pair, in any string.
 * @throws EventNotStorable
 */
export function requireStorable(append: PreparedAppend): void {
  for (const { dataJson, metadataJson, key } of append.events)
    for (const value of [JSON.parse(dataJson), JSON.parse(metadataJson), key]) {
      const why = unstorable(value);
      if (why) throw new EventNotStorable(append.stream, why);
    }
}

/** Why Postgres could not store a JSON value; undefined when it could. */
export function unstorable(value: unknown): string | undefined {
  if (typeof value === 'string') return unstorableText(value);
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, item] of Object.entries(value)) {
    const why = unstorableText(name) ?? unstorable(item);
    if (why) return why;
  }
  return undefined;
}

function unstorableText(text: string): string | undefined {
  if (text.includes('\0')) return 'a string holds a NUL character';
  return text.isWellFormed() ? undefined : 'a string holds half a surrogate pair';
}

/** A text for people as Postgres keeps it: 10,000 characters at most, without what cannot be stored. */
export function storableText(text: string): string {
  return text.slice(0, 10_000).replaceAll('\0', '').toWellFormed();
}
