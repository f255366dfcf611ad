import {
  Chain,
  CheckpointOfAnotherLog,
  ForeignRecord,
  verdict,
  parseForeignJson,
  type AtEnd,
  type Checkpoint,
  type Link,
  type Move,
  type PublishedEvent,
  type Recorded,
  type SourceEvent,
} from '@logfold/core';
import type { Delivery } from './delivery.js';
import { decodeRecord, type ReceivedMessage, type ReceivedRecord } from './record.js';

/** Where a partition is read from, and from where its chain goes on. */
export interface FollowerOptions {
  readonly subscription: string;
  readonly topic: string;
  readonly partition: number;
  readonly checkpoint: Checkpoint;
  readonly types: ReadonlySet<string>;
  /** Told of each record that is not of this log; may throw. */
  readonly onForeign: (offset: string, why: string) => void;
}

/** Something is missing before a record. */
export interface Outstanding {
  readonly link: Link;
  readonly logId: string;
  /** The lowest offset that was stepped over since. */
  readonly offset: bigint;
}

const BEGINS_AT = 'begins-at:';

/** The hint of a partition that begins with whatever comes from this offset on, as nothing before it can be read. */
export function beginsAt(offset: bigint): string {
  return `${BEGINS_AT}${offset}`;
}

/** Follows one partition: judges its records by the chain, and knows how far the database will be with what it gave out. */
export class PartitionFollower {
  readonly #options: FollowerOptions;
  readonly #chain: Chain;
  #checkpoint: Checkpoint;
  #from: bigint;
  #epoch = 0;
  #begins: bigint | undefined;
  /** With the highest position that was stepped over since: up to there, nothing is told to be missing any more. */
  #outstanding: (Outstanding & { readonly highest: bigint }) | undefined;

  constructor(options: FollowerOptions) {
    const { checkpoint } = options;
    this.#options = options;
    this.#chain = new Chain(checkpoint.position);
    this.#checkpoint = checkpoint;
    this.#from = checkpoint.position;
    const { hint } = checkpoint;
    if (hint?.startsWith(BEGINS_AT)) this.#begins = BigInt(hint.slice(BEGINS_AT.length));
  }

  /**
   * Where to read from: the record that the checkpoint stands at, so that it can be compared; else the first one.
   * A hint that leads nowhere costs a search, no more.
   */
  get offset(): string {
    if (this.#begins !== undefined) return String(this.#begins);
    const { hint } = this.#checkpoint;
    return hint !== undefined && /^\d{1,18}$/.test(hint) ? hint : '0';
  }

  /** How far it is, with everything that it gave out. */
  get position(): bigint {
    return this.#chain.checkpoint;
  }

  /** The record before which something is missing, if there is one. */
  get outstanding(): Outstanding | undefined {
    return this.#outstanding;
  }

  /** Looks at the messages of a delivery until it is through, or there are `limit` events. @throws ForeignRecord, CheckpointOfAnotherLog */
  take(delivery: Delivery, events: SourceEvent[], limit: number): void {
    const { messages } = delivery;
    const { partition } = this.#options;
    while (delivery.looked < messages.length && events.length < limit) {
      const message = messages[delivery.looked++]!;
      const record = this.#own(message);
      if (!record) continue;
      if (this.#begins !== undefined) this.#begin(record, message.offset);
      const judged = verdict(this.#chain.checkpoint, record);
      if (judged === 'drop') this.#dropped(record, message.offset);
      else if (judged === 'step over') this.#stepOver(record, BigInt(message.offset));
      else {
        const read = this.#read(record, message.offset);
        if (!read) continue;
        const checkpoint = {
          position: record.position,
          eventId: read.eventId,
          logId: record.logId,
          hint: message.offset,
        };
        this.#accept(checkpoint);
        if (read.event) events.push({ event: read.event, partition, key: record.key, checkpoint });
      }
    }
  }

  /** Takes an event from the producer's log, in whose order they come. */
  takeMissing({ topic: _topic, key, dataJson, ...rest }: PublishedEvent, logId: string, events: SourceEvent[]): void {
    const { partition, types } = this.#options;
    const event: Recorded = { ...rest, data: parseForeignJson(dataJson) };
    const checkpoint = { position: event.position, eventId: event.id, logId, hint: this.#checkpoint.hint };
    this.#accept(checkpoint);
    if (types.has(event.type)) events.push({ event, partition, key, checkpoint });
  }

  /** The step of the database's checkpoint that goes with what was taken since the last call. */
  move(): Move | undefined {
    const from = this.#from;
    const to = this.#checkpoint;
    if (to.position === from) return undefined;
    this.#from = to.position;
    return { partition: this.#options.partition, from, to };
  }

  /** What to do, now that the end of the partition was reached. */
  atEnd(): AtEnd {
    this.#outstanding = undefined;
    return this.#chain.atEnd();
  }

  /** The record, if it is one of this log. */
  #own(message: ReceivedMessage): ReceivedRecord | undefined {
    const { topic, partition, onForeign } = this.#options;
    const decoded = decodeRecord(topic, partition, message);
    const strange = decoded.kind === 'foreign' ? decoded.why : this.#strange(decoded);
    if (strange === undefined) return decoded as ReceivedRecord;
    onForeign(message.offset, strange);
    return undefined;
  }

  #strange({ logId, isRow }: ReceivedRecord): string | undefined {
    if (isRow) return 'it is a row of a state, the topic is read for events';
    const known = this.#checkpoint.logId;
    return known === undefined || logId === known ? undefined : `it is of log ${logId}, the topic's is ${known}`;
  }

  /** What is needed of a record that follows. One that cannot be read, or is of an epoch before, is no better than foreign. */
  #read(record: ReceivedRecord, offset: string): { eventId: string; event: Recorded | undefined } | undefined {
    return this.#tried(offset, () => {
      const { epoch, eventId } = record;
      if (epoch < this.#epoch) {
        this.#options.onForeign(offset, `it is of epoch ${epoch} of its log, which was forked: epoch ${this.#epoch}`);
        return undefined;
      }
      const event = this.#options.types.has(record.type) ? record.event : undefined;
      this.#epoch = epoch;
      return { eventId, event };
    });
  }

  #tried<T>(offset: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ForeignRecord) || error.offset !== offset) throw error;
      this.#options.onForeign(offset, error.message);
      return undefined;
    }
  }

  #begin({ previous }: Link, offset: string): void {
    if (BigInt(offset) < this.#begins!) return;
    this.#begins = undefined;
    this.#chain.moveTo(previous);
  }

  #accept(checkpoint: Checkpoint): void {
    const { position } = checkpoint;
    this.#checkpoint = checkpoint;
    this.#chain.moveTo(position);
    if (this.#outstanding && this.#outstanding.highest <= position) this.#outstanding = undefined;
  }

  #stepOver({ position, previous, logId }: ReceivedRecord, offset: bigint): void {
    const link = { position, previous };
    this.#chain.offer(link, offset);
    const before = this.#outstanding ?? { link, logId, offset, highest: position };
    this.#outstanding = {
      ...before,
      offset: offset < before.offset ? offset : before.offset,
      highest: position > before.highest ? position : before.highest,
    };
  }

  /** The event at the checkpoint must be the one that was handled; its epoch is the one that must not fall. */
  #dropped(record: ReceivedRecord, offset: string): void {
    const { position, eventId } = this.#checkpoint;
    if (record.position !== position) return;
    const found = this.#tried(offset, () => ({ eventId: record.eventId, epoch: record.epoch }));
    if (!found) return;
    if (eventId !== undefined && found.eventId !== eventId) {
      const { subscription, topic } = this.#options;
      throw new CheckpointOfAnotherLog(
        subscription,
        topic,
        `it has handled event ${eventId} at position ${position}, where the topic holds event ${found.eventId}: ` +
          'the log was restored from an older state',
      );
    }
    if (found.epoch > this.#epoch) this.#epoch = found.epoch;
  }
}
