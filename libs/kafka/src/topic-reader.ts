import {
  failpoint,
  ForeignRecord,
  TopicGap,
  type Checkpoint,
  type Move,
  type PublishedEvent,
  type ReadOptions,
  type SourceBatch,
  type SourceEvent,
  type TopicDeclaration,
} from '@logfold/core';
import type { Delivery } from './delivery.js';
import type { GroupMember } from './group-member.js';
import { missingEvents } from './missing-events.js';
import { PartitionFollower, type Outstanding } from './partition-follower.js';
import type { GroupTimes, KafkaSourceOptions, SourceAlarm } from './source-options.js';

/** What a reader reads with. */
export interface TopicReaderParts {
  readonly topic: TopicDeclaration;
  readonly options: KafkaSourceOptions;
  readonly times: GroupTimes;
  readonly read: ReadOptions;
  readonly member: GroupMember;
  readonly first: (partitions: readonly number[]) => Promise<ReadonlyMap<number, Checkpoint>>;
  /** How far each of these partitions got. */
  readonly tails: (partitions: readonly number[]) => Promise<ReadonlyMap<number, Tail>>;
}

/** The position of the last committed record of a partition, and the offset behind everything that it holds. */
export interface Tail {
  readonly position: bigint;
  readonly end: bigint;
}

/** A partition whose next record does not follow its checkpoint. */
interface Gap {
  readonly partition: number;
  readonly checkpoint: bigint;
  readonly outstanding: Outstanding;
}

/** Events of one partition that come from its producer's log. */
interface Healing extends Gap {
  readonly events: AsyncGenerator<readonly PublishedEvent[]>;
}

const FIRST_OFFSET = '0';

/** Turns what a group's member is given into batches. One call at a time; a batch is handled when the next is asked for. */
export class TopicReader {
  readonly #parts: TopicReaderParts;
  readonly #types: ReadonlySet<string>;
  readonly #limit: number;
  #followers = new Map<number, PartitionFollower>();
  #held: Delivery[] = [];
  #healings: Healing[] = [];
  #gaps: Gap[] = [];
  /** The position that has to be seen before the end of a partition, if its hint leads to the right place. */
  #expected = new Map<number, bigint>();
  #foreign = new Map<number, number>();
  #handled = new Map<number, bigint>();
  #committedAt = performance.now();

  constructor(parts: TopicReaderParts) {
    this.#parts = parts;
    this.#types = new Set(parts.read.types);
    this.#limit = parts.options.batchSize ?? 5_000;
  }

  /** What the group was not told of yet: the offset behind the last handled one of each partition. */
  get uncommitted(): ReadonlyMap<number, bigint> {
    return this.#handled;
  }

  /** The next batch, undefined when the signal aborts. */
  async next(): Promise<SourceBatch | undefined> {
    const { member, times, read } = this.#parts;
    this.#release();
    while (!read.signal.aborted) {
      member.check();
      await this.#commit();
      const joined = member.takeJoined();
      if (joined) await this.#assigned(joined);
      for (const [partition, offset] of member.takeEnds()) this.#ended(partition, offset, true);
      await this.#settleGaps();
      const batch = (await this.#healed()) ?? (await this.#gathered());
      if (batch) return batch;
      if (this.#healings.length > 0) continue;
      await member.wait(this.#handled.size > 0 ? times.commitMs : times.heartbeatMs, read.signal);
    }
    return undefined;
  }

  /** Partitions were given to us, and others taken away. */
  async #assigned(partitions: readonly number[]): Promise<void> {
    const { member, read, first, topic } = this.#parts;
    const lost = [...this.#followers.keys()].some((partition) => !partitions.includes(partition));
    this.#followers.clear();
    this.#expected.clear();
    this.#handled.clear();
    await this.#stopHealing();
    if (lost) await failpoint('subscription.on-revoke');
    // all of them are begun together, so that `now` is the same moment for those that others read
    const declared = Array.from({ length: topic.partitions }, (_, partition) => partition);
    const checkpoints = await read.checkpoints.load(declared, first);
    const tails = await this.#parts.tails(partitions.filter((partition) => checkpoints.has(partition)));
    if (member.joined) return; // in the meantime they were given out anew
    for (const partition of partitions) {
      const checkpoint = checkpoints.get(partition);
      if (!checkpoint) continue; // not declared: it stays paused
      const follower = this.#follower(partition, checkpoint);
      this.#followers.set(partition, follower);
      const { position, end } = tails.get(partition)!;
      this.#expected.set(partition, position);
      const leadsNowhere = position > checkpoint.position && BigInt(follower.offset) >= end;
      member.place(partition, leadsNowhere ? FIRST_OFFSET : follower.offset);
    }
  }

  #follower(partition: number, checkpoint: Checkpoint): PartitionFollower {
    const { topic, read } = this.#parts;
    return new PartitionFollower({
      subscription: read.subscription,
      topic: topic.name,
      partition,
      checkpoint,
      types: this.#types,
      onForeign: (offset, why) => this.#onForeign(partition, offset, why),
    });
  }

  /** One batch of what is ready, from as many partitions as there are. */
  async #gathered(): Promise<SourceBatch | undefined> {
    const { member } = this.#parts;
    if (member.ready().length === 0 || !(await member.confirmed())) return undefined;
    const events: SourceEvent[] = [];
    const moves: Move[] = [];
    for (const delivery of member.ready()) {
      const { partition } = delivery;
      const follower = this.#followers.get(partition);
      if (!follower || this.#healings.some((healing) => healing.partition === partition)) {
        delivery.drop();
        continue;
      }
      follower.take(delivery, events, this.#limit);
      delivery.hold();
      this.#held.push(delivery);
      const move = follower.move();
      if (move) moves.push(move);
      if (events.length >= this.#limit) break;
    }
    if (moves.length > 0) return { events, moves };
    this.#release();
    return undefined;
  }

  /** What was given out has been handled. */
  #release(): void {
    const held = this.#held;
    this.#held = [];
    for (const delivery of held) {
      delivery.release();
      if (delivery.dropped) continue;
      if (delivery.looked < delivery.messages.length) {
        this.#parts.member.postpone(delivery);
        continue;
      }
      this.#ended(delivery.partition, delivery.next, delivery.atEnd);
      delivery.finish();
    }
  }

  /** All that was fetched of a partition was handled. @throws TopicGap */
  #ended(partition: number, next: bigint, atEnd: boolean): void {
    const { member, topic } = this.#parts;
    const follower = this.#followers.get(partition);
    if (!follower) return;
    this.#handled.set(partition, next);
    if (!atEnd) return;
    const { outstanding, position: checkpoint } = follower;
    const what = follower.atEnd();
    if (what.step === 'wait') {
      // a topic that was made anew may hold what is needed before the place where it was
      const unseen = (this.#expected.get(partition) ?? 0n) > checkpoint;
      this.#expected.delete(partition);
      if (unseen) member.seek(partition, FIRST_OFFSET);
      return;
    }
    if (what.step === 'gap') {
      const { offset, logId } = outstanding!;
      this.#gaps.push({ partition, checkpoint, outstanding: { link: what.link, offset, logId } });
      return;
    }
    if (what.step === 'go back') {
      const { link } = outstanding!;
      this.#alarm({ kind: 'gap suspected', topic: topic.name, partition, checkpoint, next: link });
    }
    member.seek(partition, what.step === 'go back' ? String(what.to) : FIRST_OFFSET);
  }

  /**
   * What was missing up to the end of a partition is missing for good only if the record behind it is committed. If not,
   * it was aborted and is shown all the same; its log will send it again, with what is before it. @throws TopicGap
   */
  async #settleGaps(): Promise<void> {
    const { topic, options, tails } = this.#parts;
    for (const { partition, checkpoint, outstanding } of this.#gaps.splice(0)) {
      if (!this.#followers.has(partition)) continue;
      const tail = (await tails([partition])).get(partition)!;
      if (tail.position < outstanding.link.position) continue;
      if (!options.heal) throw new TopicGap(topic.name, partition, checkpoint, outstanding.link);
      this.#heal({ partition, checkpoint, outstanding });
    }
  }

  #heal({ partition, checkpoint: after, outstanding }: Gap): void {
    const { member, topic, read, options } = this.#parts;
    const { subscription, signal } = read;
    const missing = { subscription, topic, partition, after, outstanding, limit: this.#limit, signal };
    member.pause(partition);
    const events = missingEvents(missing, options.heal!);
    this.#healings.push({ partition, checkpoint: after, outstanding, events });
  }

  /** The next batch from the producer's log, while a partition has a gap. */
  async #healed(): Promise<SourceBatch | undefined> {
    const { member, topic } = this.#parts;
    const [healing] = this.#healings;
    if (!healing) return undefined;
    const { partition, outstanding, checkpoint } = healing;
    const missing = await healing.events.next();
    const follower = this.#followers.get(partition);
    if (member.joined || !follower) return undefined;
    if (missing.done) {
      this.#healings.shift();
      member.place(partition, String(outstanding.offset));
      this.#alarm({ kind: 'gap healed', topic: topic.name, partition, checkpoint, upTo: follower.position });
      return undefined;
    }
    const events: SourceEvent[] = [];
    for (const event of missing.value) follower.takeMissing(event, outstanding.logId, events);
    const move = follower.move();
    return move && { events, moves: [move] };
  }

  /** Gives up what it was doing. */
  async close(): Promise<void> {
    await this.#stopHealing();
  }

  async #stopHealing(): Promise<void> {
    for (const { events } of this.#healings) await events.return(undefined);
    this.#healings = [];
  }

  #onForeign(partition: number, offset: string, why: string): void {
    const { topic, options } = this.#parts;
    if (options.foreign === 'stop') throw new ForeignRecord(topic.name, partition, offset, why);
    const count = (this.#foreign.get(partition) ?? 0) + 1;
    this.#foreign.set(partition, count);
    if (/^10*$/.test(String(count)))
      this.#alarm({ kind: 'foreign record', topic: topic.name, partition, offset, why, count });
  }

  /** Tells the group's dashboards now and then; nothing depends on it, and nothing waits for it. */
  async #commit(): Promise<void> {
    const { member, times } = this.#parts;
    if (this.#handled.size === 0 || performance.now() - this.#committedAt < times.commitMs) return;
    await failpoint('subscription.before-group-commit');
    this.#committedAt = performance.now();
    if (member.commit(this.#handled)) this.#handled = new Map();
  }

  #alarm(alarm: SourceAlarm): void {
    this.#parts.options.onAlarm?.(alarm);
  }
}
