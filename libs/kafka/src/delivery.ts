import type { KafkaMessage } from 'kafkajs';

/** How a delivery ended: all of it was handled, it is not to be handled (any more), or the group said why it stops. */
export type Ending = { readonly handled: boolean; readonly error?: unknown };

/** What a fetch brought for one partition. kafkajs asks for more when it has ended. */
export class Delivery {
  /** How many of its messages were looked at. */
  looked = 0;
  readonly ended: Promise<Ending>;
  #end!: (ending: Ending) => void;
  #held = false;
  #dropped: Ending | undefined;

  constructor(
    readonly partition: number,
    readonly messages: readonly KafkaMessage[],
    /** The offset behind it. */
    readonly next: bigint,
    /** True when its last message was the last one of the partition: the high watermark was reached. */
    readonly atEnd: boolean,
    readonly heartbeat: () => Promise<void>,
  ) {
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  /** Nothing of it may be taken any more. */
  get dropped(): boolean {
    return this.#dropped !== undefined;
  }

  /** Some of its messages are being handled: it cannot end before that is over. */
  hold(): void {
    this.#held = true;
  }

  /** What was held was handled. */
  release(): void {
    this.#held = false;
    if (this.#dropped) this.#end(this.#dropped);
  }

  /** All of it was handled. */
  finish(): void {
    this.#end(this.#dropped ?? { handled: true });
  }

  /** Its partition was taken away, or is read from elsewhere: ends it as soon as nothing of it is being handled. */
  drop(error?: unknown): void {
    this.#dropped ??= { handled: false, error };
    if (!this.#held) this.#end(this.#dropped);
  }

  /** Ends it, as nothing is being handled any more. */
  abandon(): void {
    this.release();
    this.drop();
  }
}
