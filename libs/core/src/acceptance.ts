/** What a record says about its place: its own position, and that of the record before it in its partition. */
export interface Link {
  readonly position: bigint;
  readonly previous: bigint;
}

/** `drop`: handled before. `accept`: it follows the checkpoint. `step over`: something is missing before it. */
export type Verdict = 'drop' | 'accept' | 'step over';

/** The rule that makes every record count once: a record is accepted only if it follows the checkpoint. */
export function verdict(checkpoint: bigint, { position, previous }: Link): Verdict {
  if (position <= checkpoint) return 'drop';
  return previous <= checkpoint ? 'accept' : 'step over';
}

/** What to do at the end of a partition. */
export type AtEnd =
  | { readonly step: 'wait' }
  /** Read again from this offset. */
  | { readonly step: 'go back'; readonly to: bigint }
  /** Read again from the first record that is left. */
  | { readonly step: 'start over' }
  /** The chain is broken: a record is missing for good. */
  | { readonly step: 'gap'; readonly link: Link };

/**
 * Follows one partition's chain of records. A record with something missing before it is stepped over, not waited for
 * and not returned to: it may be a leaked record of an aborted transaction, with the true one right behind it.
 * Whether something is really missing shows only at the end of the partition.
 */
export class Chain {
  #checkpoint: bigint;
  #steppedOver: { offset: bigint; readonly link: Link; highest: bigint } | undefined;
  #returns = 0;

  constructor(checkpoint: bigint) {
    this.#checkpoint = checkpoint;
  }

  /** The position of the last accepted record. */
  get checkpoint(): bigint {
    return this.#checkpoint;
  }

  /** Judges the next record that was read; an accepted one becomes the checkpoint. */
  offer(link: Link, offset: bigint): Verdict {
    const judged = verdict(this.#checkpoint, link);
    if (judged === 'accept') this.moveTo(link.position);
    if (judged === 'step over') this.#stepOver(link, offset);
    return judged;
  }

  /** Everything up to a position was handled by other means. */
  moveTo(position: bigint): void {
    this.#checkpoint = position;
    this.#returns = 0;
    if (this.#steppedOver && this.#steppedOver.highest <= position) this.#steppedOver = undefined;
  }

  /**
   * Call when the end of the partition was reached: the high watermark, not the last stable offset, behind which the
   * record that is missing may be waiting for its commit.
   */
  atEnd(): AtEnd {
    const outstanding = this.#steppedOver;
    if (!outstanding) {
      this.#returns = 0;
      return { step: 'wait' };
    }
    this.#steppedOver = undefined;
    this.#returns++;
    if (this.#returns === 1) return { step: 'go back', to: outstanding.offset };
    if (this.#returns === 2) return { step: 'start over' };
    return { step: 'gap', link: outstanding.link };
  }

  #stepOver(link: Link, offset: bigint): void {
    this.#steppedOver ??= { offset, link, highest: link.position };
    if (offset < this.#steppedOver.offset) this.#steppedOver.offset = offset;
    if (link.position > this.#steppedOver.highest) this.#steppedOver.highest = link.position;
  }
}
