import type { Clock } from '@logfold/core';

/** A reader in a group. */
export interface Member {
  readonly number: number;
}

/** What a member may read until the next rebalance. */
export interface Assignment {
  readonly generation: number;
  readonly partitions: readonly number[];
}

/**
 * The readers of one topic under one subscription. When one joins or leaves, all of them stop and ask anew; a member
 * that has not asked in time is thrown out, and its partitions go to others while it may still be at work.
 */
export class BrokerGroup {
  readonly #partitions: number;
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #changed: () => void;
  #members = new Set<Member>();
  /** Who has asked since the rebalance began; undefined when none is under way. */
  #asked: Set<Member> | undefined;
  #deadlineMs = 0;
  #generation = 0;
  #joined = 0;

  constructor(partitions: number, clock: Clock, patienceMs: number, changed: () => void) {
    this.#partitions = partitions;
    this.#clock = clock;
    this.#patienceMs = patienceMs;
    this.#changed = changed;
  }

  join(): Member {
    const member = { number: ++this.#joined };
    this.#members.add(member);
    this.rebalance();
    return member;
  }

  leave(member: Member): void {
    if (!this.#members.delete(member)) return;
    this.#asked?.delete(member);
    this.rebalance();
  }

  /** @param patienceMs how long members may take to ask anew; 0 throws out all that do not ask first. */
  rebalance(patienceMs = this.#patienceMs): void {
    this.#asked ??= new Set();
    this.#deadlineMs = this.#clock.now() + patienceMs;
    this.#changed();
  }

  /** What the member reads from now on; undefined while others have not asked yet. */
  assignment(member: Member): Assignment | undefined {
    if (!this.#members.has(member)) {
      this.#members.add(member);
      this.rebalance();
    }
    if (this.#asked) {
      this.#asked.add(member);
      this.#settle();
    }
    if (this.#asked) return undefined;
    const members = [...this.#members];
    const mine = members.indexOf(member);
    const all = Array.from({ length: this.#partitions }, (_, partition) => partition);
    return {
      generation: this.#generation,
      partitions: all.filter((partition) => partition % members.length === mine),
    };
  }

  /** True as long as the assignment holds. */
  holds(member: Member, { generation }: Assignment): boolean {
    return !this.#asked && this.#generation === generation && this.#members.has(member);
  }

  #settle(): void {
    const asked = this.#asked!;
    if (asked.size < this.#members.size && this.#clock.now() < this.#deadlineMs) return;
    this.#members = new Set([...this.#members].filter((member) => asked.has(member)));
    this.#asked = undefined;
    this.#generation++;
    this.#changed();
  }
}
