import type { Recorded } from './events.js';
import type { Publisher } from './publisher.js';
import type { Source } from './source.js';

/** A topic as the events that go to it declare it. It belongs to one log. */
export interface TopicDeclaration {
  readonly name: string;
  readonly partitions: number;
  /** True for a state topic: the broker keeps the last record of each key, and removes those before. */
  readonly compacted?: true;
}

/** Which log: its id is made with it and never changes; the epoch rises when the log is forked after a restore. */
export interface LogIdentity {
  readonly id: string;
  /** The service's name. */
  readonly name: string;
  readonly epoch: number;
}

/** An event that belongs to a topic, as its log holds it: the data is still JSON text. */
export interface PublishedEvent extends Omit<Recorded, 'data'> {
  readonly topic: string;
  /** What orders it within the topic. */
  readonly key: string;
  readonly dataJson: string;
}

/** An event with its place in a topic. */
export interface TopicRecord {
  readonly event: PublishedEvent;
  readonly partition: number;
  /** The position of this log's record before it in the same partition; 0n for the first. Not sent to a compacted topic. */
  readonly previous: bigint;
}

/** Where services meet: how this service's events get to their topics, and how it hears those of others. */
export interface Topics {
  /** Sends this service's events; absent where others read its log directly. */
  readonly publisher?: Publisher;
  /** The topic of another service. Nothing is opened before it is read. */
  source(topic: TopicDeclaration): Source;
}
