import { ValidationFailed } from './errors.js';
import type { EventCatalog } from './event-catalog.js';
import type { EventStore } from './event-store.js';
import type { Recorded } from './events.js';
import type { LogIdentity } from './topic.js';

/** Where an event stands: in which log, at which position, and in which partition of which topic. */
export interface PositionToken {
  /** The name of the log, which is its service's. */
  readonly log: string;
  readonly logId: string;
  readonly position: bigint;
  /** The event at the position: in a log that was restored it is another one, or none. */
  readonly eventId: string;
  /** The topic that the event goes to; undefined when it is private to its service. */
  readonly topic: string | undefined;
  /** What orders the event in its topic: it chooses the partition. */
  readonly key: string;
}

/** Places that one text names at most: a command rarely leads to events of more than one key. */
export const TOKENS_LIMIT = 20;

/** Half of what servers take for all headers together. */
const TEXT_LIMIT = 8_000;
const KEY_LIMIT_BYTES = 1_000;
const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const form = new RegExp(
  `^([a-z][a-z0-9_]{0,47})\\.([1-9]\\d{0,17})\\.(${uuid})\\.(${uuid})\\.([a-z0-9_-]{0,200})\\.([A-Za-z0-9_-]{0,1400})$`,
);

/**
 * The tokens of some events: for each key of each topic that of the last event, 20 at most; the last ones then. An event
 * whose key has more than 1,000 bytes can be waited for by its own service only.
 * @param events in the order of the log
 */
export function positionTokens(log: LogIdentity, catalog: EventCatalog, events: readonly Recorded[]): PositionToken[] {
  const tokens = new Map<string, PositionToken>();
  for (const event of events) {
    const key = catalog.keyOf(event);
    const there =
      Buffer.byteLength(key) > KEY_LIMIT_BYTES ? { topic: undefined, key: '' } : { topic: catalog.topicOf(event), key };
    put(tokens, { log: log.name, logId: log.id, position: event.position, eventId: event.id, ...there });
  }
  return [...tokens.values()];
}

/** Writes the tokens of events of one log as text, undefined for no events; the log is asked once which one it is. */
export function tokenWriter(
  log: Pick<EventStore, 'identity'>,
  catalog: EventCatalog,
): () => Promise<(events: readonly Recorded[]) => string | undefined> {
  let asked: Promise<LogIdentity> | undefined;
  return async () => {
    asked ??= log.identity().catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    const identity = await asked;
    return (events) => (events.length === 0 ? undefined : tokenText(positionTokens(identity, catalog, events)));
  };
}

/** Two lists in one: of the tokens for the same key of the same topic and log the one with the higher position. */
export function mergedTokens(a: readonly PositionToken[], b: readonly PositionToken[]): PositionToken[] {
  const tokens = new Map<string, PositionToken>();
  for (const token of [...a, ...b]) put(tokens, token);
  return [...tokens.values()];
}

/** Tokens as text for a header or an address: letters, digits, `.`, `-`, `_`, and `~` between them; the last ones, as far as they fit. */
export function tokenText(tokens: readonly PositionToken[]): string {
  let text = '';
  for (const token of tokens.toReversed()) {
    const longer = text === '' ? textOf(token) : `${textOf(token)}~${text}`;
    if (longer.length > TEXT_LIMIT) break;
    text = longer;
  }
  return text;
}

/**
 * The tokens that a text names, which came from `tokenText`, or several of them joined by commas.
 * @throws ValidationFailed for anything else
 */
export function parseTokens(text: string): PositionToken[] {
  if (text.length > TEXT_LIMIT) throw invalid(`has ${text.length} characters, ${TEXT_LIMIT} at most`);
  const parts = text.split(/~|\s*,\s*/);
  if (parts.length > TOKENS_LIMIT) throw invalid(`names ${parts.length} positions, ${TOKENS_LIMIT} at most`);
  return mergedTokens(parts.map(parsed), []);
}

function put(tokens: Map<string, PositionToken>, token: PositionToken): void {
  const name = JSON.stringify([token.log, token.logId, token.topic, token.key]);
  const known = tokens.get(name);
  if (known && known.position >= token.position) return;
  tokens.delete(name); // so that it stands last
  tokens.set(name, token);
  if (tokens.size > TOKENS_LIMIT) tokens.delete(tokens.keys().next().value!);
}

function textOf({ log, position, logId, eventId, topic, key }: PositionToken): string {
  const topicText = topic?.replaceAll('.', '-') ?? ''; // names of topics have dots and no dashes
  return [log, position, logId, eventId, topicText, Buffer.from(key, 'utf8').toString('base64url')].join('.');
}

function parsed(text: string): PositionToken {
  const [, log, position, logId, eventId, topic, key] = form.exec(text.trim()) ?? [];
  if (key === undefined)
    throw invalid(`holds ${JSON.stringify(text.slice(0, 60))}, give it back exactly as a command answered it`);
  return {
    log: log!,
    position: BigInt(position!),
    logId: logId!,
    eventId: eventId!,
    topic: topic === '' ? undefined : topic!.replaceAll('-', '.'),
    key: Buffer.from(key, 'base64url').toString('utf8'),
  };
}

function invalid(message: string): ValidationFailed {
  return new ValidationFailed('The position to wait for', [{ message }]);
}
