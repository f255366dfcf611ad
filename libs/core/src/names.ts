import { InvalidDefinition, InvalidStreamName } from './errors.js';

const dotted = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/;
const identifier = /^[a-z][a-z0-9_]{0,47}$/;
const hyphenated = /^[a-z][a-z0-9_-]{0,47}$/;
const controlCharacter = /\p{Cc}/u;

/** The longest stream name that is accepted, in characters. */
export const STREAM_NAME_LIMIT = 250;

/** Refuses names of registries and topics other than `inventory.stock`: lower case, digits, underscores, dots. */
export function checkDottedName(kind: string, name: string): void {
  if (!dotted.test(name) || name.length > 200)
    throw new InvalidDefinition(
      `${kind} name "${name}" must be lower-case words joined by dots, such as "inventory.stock"`,
    );
}

/** Refuses names of deciders, read models, services and schemas that could not stand in SQL unquoted. */
export function checkIdentifier(kind: string, name: string): void {
  if (!identifier.test(name))
    throw new InvalidDefinition(
      `${kind} name "${name}" must start with a lower-case letter and hold only lower-case letters, digits and underscores (48 at most)`,
    );
}

/** Refuses names of reactions other than `notify-manufacturer`: as identifiers, but with hyphens as well. */
export function checkHyphenatedName(kind: string, name: string): void {
  if (!hyphenated.test(name))
    throw new InvalidDefinition(
      `${kind} name "${name}" must start with a lower-case letter and hold only lower-case letters, digits, underscores and hyphens (48 at most)`,
    );
}

/** Refuses stream names that are not `category-id`. What stands behind the first `-` is opaque. */
export function checkStreamName(stream: string): void {
  const dash = stream.indexOf('-');
  if (dash < 1) throw new InvalidStreamName(stream, 'has no category');
  if (dash === stream.length - 1) throw new InvalidStreamName(stream, 'has no id after its category');
  if (stream.length > STREAM_NAME_LIMIT)
    throw new InvalidStreamName(stream, `has ${stream.length} characters, more than ${STREAM_NAME_LIMIT}`);
  if (controlCharacter.test(stream)) throw new InvalidStreamName(stream, 'holds a control character');
  if (!stream.isWellFormed()) throw new InvalidStreamName(stream, 'holds half a surrogate pair');
}

/** The column of a row's property: `onHand` is `on_hand`. */
export function columnOf(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The property of a row's column: `on_hand` is `onHand`. */
export function propertyOf(column: string): string {
  return column.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
