/**
 * What can be made to go wrong:
 * `produce.partly`: one partition is written, then the call fails; the transaction stays open.
 * `produce.answer-lost`: all is written, then the publisher is gone, before EndTxn; the transaction stays open.
 * `produce.loses`: the last partition is acknowledged and not written (stock kafkajs).
 * `produce.doubles`: the first partition is written twice (stock kafkajs).
 * `end.lost`: EndTxn never arrives; the transaction stays open. The call fails.
 * `end.answer-lost`: EndTxn arrives, its answer does not. The call fails though all is committed.
 * `end.held`: EndTxn is under way until `deliverHeld()`. The call fails.
 * `end.copied`: EndTxn is acknowledged, and a copy of it arrives behind the next Produce (KAFKA-17754).
 * `fetch.leaks`: an aborted record is shown to a reader of committed ones (kafkajs).
 * `fetch.repeats`: a fetch shows again what was shown before.
 */
export type BrokerFault =
  | 'produce.partly'
  | 'produce.answer-lost'
  | 'produce.loses'
  | 'produce.doubles'
  | 'end.lost'
  | 'end.answer-lost'
  | 'end.held'
  | 'end.copied'
  | 'fetch.leaks'
  | 'fetch.repeats';

/** When it goes wrong. */
export interface FaultOptions {
  /** How often it goes well before; 0 unless given. */
  readonly skip?: number;
  /** How often it goes wrong; once unless given. */
  readonly times?: number;
  /** For `fetch.leaks`: which offsets. */
  readonly only?: (offset: bigint) => boolean;
}

/** The faults that a test has switched on. */
export class BrokerFaults {
  readonly #armed: { readonly fault: BrokerFault; skip: number; times: number; only: (offset: bigint) => boolean }[] =
    [];

  arm(fault: BrokerFault, { skip = 0, times = 1, only = () => true }: FaultOptions = {}): void {
    this.#armed.push({ fault, skip, times, only });
  }

  /** True when it goes wrong this time. */
  strikes(fault: BrokerFault, offset = 0n): boolean {
    const armed = this.#armed.find((one) => one.fault === fault && one.times > 0 && one.only(offset));
    if (!armed) return false;
    if (armed.skip > 0) {
      armed.skip--;
      return false;
    }
    armed.times--;
    return true;
  }

  clear(): void {
    this.#armed.length = 0;
  }
}
