import {
  ForeignRecord,
  parseForeignJson,
  type LogIdentity,
  type Metadata,
  type Recorded,
  type RowState,
  type TopicRecord,
} from '@logfold/core';

/** What goes into a topic for one event: CloudEvents 1.0, Kafka binary binding. Strings are UTF-8. */
export interface EncodedRecord {
  readonly key: string;
  /** The event's data as JSON. */
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What goes into a state topic for one row: the row as JSON, and null where it was deleted. */
export type EncodedRow = Omit<EncodedRecord, 'value'> & { readonly value: string | null };

/** What of a received message is looked at; messages of kafkajs fit. Headers and contents are as they came. */
export interface ReceivedMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly offset: string;
  readonly headers?: Readonly<Record<string, HeaderValue>> | undefined;
}

type HeaderValue = Buffer | string | (Buffer | string)[] | undefined;

/** What a message of a topic turned out to be. */
export type Decoded = ReceivedRecord | { readonly kind: 'foreign'; readonly why: string };

const SOURCE = '/logs/';

/** The header that tells a row of a state from an event: the row's key as JSON. */
const ROW_KEY = 'ce_rowkey';

/**
 * The record of a row of a state: the row itself is the value, and none is a tombstone, so that compaction keeps the last
 * one of each key. It names none before it, for that one may be gone.
 */
export function encodeRow(record: TopicRecord, log: LogIdentity): EncodedRow {
  const { headers, ...rest } = encodeRecord(record, log);
  const { ce_previous: _, ...kept } = headers;
  const { key, row } = parseForeignJson(record.event.dataJson) as RowState;
  return { ...rest, value: row && JSON.stringify(row), headers: { ...kept, [ROW_KEY]: JSON.stringify(key) } };
}

/**
 * The record of an event. `ce_position` is the event's, `ce_previous` that of this log's record before it in the same
 * partition: a reader that knows the two numbers can prove that it missed nothing and saw nothing twice.
 * Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
 */
export function encodeRecord({ event, previous }: TopicRecord, log: LogIdentity): EncodedRecord {
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_source: SOURCE + log.name,
    ce_type: event.type,
    ce_time: event.recordedAt.toISOString(),
    ce_subject: event.stream,
    'content-type': 'application/json',
    ce_position: String(event.position),
    ce_previous: String(previous),
    ce_streamversion: String(event.version),
    ce_schemaversion: String(event.schemaVersion),
    ce_logid: log.id,
    ce_logepoch: String(log.epoch),
    ce_correlationid: event.metadata.correlationId,
    ce_causationid: event.metadata.causationId,
  };
  let rest: Record<string, unknown> | undefined;
  for (const name of Object.keys(event.metadata)) {
    if (name === 'correlationId' || name === 'causationId') continue;
    const value = event.metadata[name];
    if ((name === 'traceparent' || name === 'tracestate') && typeof value === 'string') headers[name] = value;
    else (rest ??= {})[name] = value;
  }
  if (rest) headers['ce_metadata'] = JSON.stringify(rest);
  return { key: event.key, value: event.dataJson, headers };
}

/**
 * Tells a log's record from anything else that may stand in a topic. Only what the acceptance rule needs is read now;
 * the event is read when it is asked for.
 */
export function decodeRecord(topic: string, partition: number, message: ReceivedMessage): Decoded {
  const { headers } = message;
  if (!headers) return foreign('it has no headers');
  const id = headers['ce_logid'];
  if (!isText(id) || id.length === 0) return foreign('it names no log: header ce_logid');
  const position = wholeNumber(headers['ce_position']);
  if (position === undefined) return foreign('its position is not a number: header ce_position');
  if (headers[ROW_KEY] !== undefined) return new ReceivedRecord(topic, partition, message, id.toString(), position, 0n);
  const previous = wholeNumber(headers['ce_previous']);
  if (previous === undefined) return foreign('what it follows is not a number: header ce_previous');
  if (previous >= position)
    return foreign(`its position ${position} does not lie behind ${previous}, which it follows`);
  return new ReceivedRecord(topic, partition, message, id.toString(), position, previous);
}

/** A record of a log, whose parts are read on demand. */
export class ReceivedRecord {
  readonly kind = 'record';
  readonly #message: ReceivedMessage;

  constructor(
    readonly topic: string,
    readonly partition: number,
    message: ReceivedMessage,
    readonly logId: string,
    readonly position: bigint,
    /** 0n for a row of a state, which follows nothing. */
    readonly previous: bigint,
  ) {
    this.#message = message;
  }

  /** True for a row of a state. */
  get isRow(): boolean {
    return this.#message.headers![ROW_KEY] !== undefined;
  }

  /** The type of the event: enough to leave it out. */
  get type(): string {
    return this.#text('ce_type');
  }

  /** The id of the event. */
  get eventId(): string {
    return this.#text('ce_id');
  }

  /** What orders it within the topic. */
  get key(): string {
    return this.#message.key?.toString() ?? '';
  }

  /** The epoch of its log. @throws ForeignRecord */
  get epoch(): number {
    return this.#number('ce_logepoch');
  }

  /** The log that it belongs to. @throws ForeignRecord */
  get log(): LogIdentity {
    const source = this.#text('ce_source');
    const name = source.startsWith(SOURCE) ? source.slice(SOURCE.length) : source;
    return { id: this.logId, name, epoch: this.#number('ce_logepoch') };
  }

  /** The event, its data parsed anew at each call. @throws ForeignRecord when a part of it is missing or is no JSON */
  get event(): Recorded {
    const recordedAt = new Date(this.#text('ce_time'));
    if (Number.isNaN(recordedAt.getTime())) throw this.#broken('its time is not a time: header ce_time');
    return {
      type: this.type,
      data: this.isRow ? this.#row() : this.#json(this.#message.value, 'its value'),
      id: this.eventId,
      stream: this.#text('ce_subject'),
      version: this.#number('ce_streamversion'),
      position: this.position,
      schemaVersion: this.#number('ce_schemaversion'),
      recordedAt,
      metadata: this.#metadata(),
    };
  }

  #row(): RowState {
    const key = this.#json(this.#text(ROW_KEY), `header ${ROW_KEY}`) as object;
    const { value } = this.#message;
    return { key, row: value === null ? null : (this.#json(value, 'its value') as object) };
  }

  #metadata(): Metadata {
    const headers = this.#message.headers!;
    const rest = headers['ce_metadata'];
    const metadata: Record<string, unknown> = {
      correlationId: this.#text('ce_correlationid'),
      causationId: this.#text('ce_causationid'),
      ...(isText(rest) ? (this.#json(rest, 'header ce_metadata') as object) : undefined),
    };
    if (headers['traceparent'] !== undefined) metadata['traceparent'] = this.#text('traceparent');
    if (headers['tracestate'] !== undefined) metadata['tracestate'] = this.#text('tracestate');
    return metadata as Metadata;
  }

  #text(header: string): string {
    const value = this.#message.headers![header];
    if (!isText(value)) throw this.#broken(`header ${header} is missing, or there twice`);
    return value.toString();
  }

  #number(header: string): number {
    const value = wholeNumber(this.#message.headers![header]);
    if (value === undefined) throw this.#broken(`header ${header} is not a number`);
    return Number(value);
  }

  #json(text: Buffer | string | null, what: string): unknown {
    try {
      return parseForeignJson(text === null ? '' : text.toString());
    } catch (error) {
      throw this.#broken(`${what} is not JSON: ${String(error)}`);
    }
  }

  #broken(why: string): ForeignRecord {
    return new ForeignRecord(this.topic, this.partition, this.#message.offset, why);
  }
}

function foreign(why: string): Decoded {
  return { kind: 'foreign', why };
}

function isText(value: HeaderValue | null): value is Buffer | string {
  return Buffer.isBuffer(value) || typeof value === 'string';
}

const ZERO = 48;
const EXACT_DIGITS = 15;
const MOST_DIGITS = 19;

/** Decimal digits and nothing else; what BigInt accepts besides (nothing, spaces, 0x10) is refused. */
function wholeNumber(value: HeaderValue): bigint | undefined {
  if (!isText(value)) return undefined;
  const digits = typeof value === 'string' ? Buffer.from(value) : value;
  if (digits.length === 0 || digits.length > MOST_DIGITS) return undefined;
  let number = 0;
  for (const byte of digits) {
    const digit = byte - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return digits.length <= EXACT_DIGITS ? BigInt(number) : BigInt(digits.toString('latin1'));
}
