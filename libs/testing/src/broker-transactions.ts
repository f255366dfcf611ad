import { PublishFailed, type Clock } from '@logfold/core';
import type { BrokerPartition, BrokerRecord } from './broker-partition.js';

/** Who sends: the broker takes requests of the highest epoch only. */
export interface Producer {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly epoch: number;
}

export type Outcome = 'committed' | 'aborted';

interface Transaction {
  readonly producerId: number;
  epoch: number;
  /** The partitions of the open transaction; undefined when none is open. */
  open: Set<BrokerPartition> | undefined;
  startedMs: number;
  ended: Outcome | undefined;
}

/**
 * The broker's side of transactions, request by request, as a publisher sends them. A publisher that is planted with a
 * bug can be written over these.
 */
export class BrokerTransactions {
  readonly #byId = new Map<string, Transaction>();
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #changed: () => void;
  #held: { readonly producer: Producer; readonly outcome: Outcome }[] = [];
  #copies: { readonly producer: Producer; readonly outcome: Outcome }[] = [];

  constructor(clock: Clock, timeoutMs: number, changed: () => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#changed = changed;
  }

  /** InitProducerId: a new epoch, which ends the ones before and aborts their open transaction. */
  init(transactionalId: string): Producer {
    const transaction = this.#byId.get(transactionalId) ?? this.#make(transactionalId);
    this.#close(transaction, 'aborted');
    transaction.epoch++;
    transaction.ended = undefined;
    return { transactionalId, producerId: transaction.producerId, epoch: transaction.epoch };
  }

  /** AddPartitionsToTxn: begins a transaction, or adds to the open one. @throws PublishFailed for an old epoch */
  add(producer: Producer, partitions: readonly BrokerPartition[]): void {
    const transaction = this.#current(producer);
    if (!transaction.open) transaction.startedMs = this.#clock.now();
    transaction.open = new Set([...(transaction.open ?? []), ...partitions]);
  }

  /** Produce, into a partition of the open transaction. @throws PublishFailed for an old epoch, or without one */
  produce(producer: Producer, partition: BrokerPartition, records: readonly BrokerRecord[]): void {
    const transaction = this.#current(producer);
    if (!transaction.open?.has(partition))
      throw new PublishFailed(`No open transaction of "${producer.transactionalId}" holds this partition`);
    for (const record of records) partition.append(record, producer.producerId);
    this.#deliver(this.#copies.splice(0));
    this.#changed();
  }

  /** EndTxn. Said again after the end it is answered in the same way. @throws PublishFailed for an old epoch */
  end(producer: Producer, outcome: Outcome): void {
    const transaction = this.#current(producer);
    if (!transaction.open && transaction.ended !== outcome)
      throw new PublishFailed(`"${producer.transactionalId}" has no open transaction that could be ${outcome}`);
    this.#close(transaction, outcome);
  }

  /** Keeps an EndTxn under way until `deliverHeld`. */
  hold(producer: Producer, outcome: Outcome): void {
    this.#held.push({ producer, outcome });
  }

  /** Lets what was held arrive now. Requests of old epochs have no effect. */
  deliverHeld(): void {
    this.#deliver(this.#held.splice(0));
  }

  /** Lets a copy of an EndTxn arrive right behind the next Produce of anybody. */
  copy(producer: Producer, outcome: Outcome): void {
    this.#copies.push({ producer, outcome });
  }

  /** Aborts transactions that have been open for too long; their epochs are over. */
  expire(): void {
    for (const transaction of this.#byId.values()) {
      if (!transaction.open || this.#clock.now() - transaction.startedMs < this.#timeoutMs) continue;
      this.#close(transaction, 'aborted');
      transaction.epoch++;
    }
  }

  #make(transactionalId: string): Transaction {
    const producerId = this.#byId.size + 1;
    const made: Transaction = { producerId, epoch: -1, open: undefined, startedMs: 0, ended: undefined };
    this.#byId.set(transactionalId, made);
    return made;
  }

  #current({ transactionalId, epoch }: Producer): Transaction {
    const transaction = this.#byId.get(transactionalId);
    if (transaction?.epoch !== epoch)
      throw new PublishFailed(`Epoch ${epoch} of "${transactionalId}" is over: another session has begun since`);
    return transaction;
  }

  #close(transaction: Transaction, outcome: Outcome): void {
    if (!transaction.open) return;
    for (const partition of transaction.open) partition.mark(transaction.producerId, outcome);
    transaction.open = undefined;
    transaction.ended = outcome;
    this.#changed();
  }

  #deliver(late: readonly { readonly producer: Producer; readonly outcome: Outcome }[]): void {
    for (const { producer, outcome } of late) {
      const transaction = this.#byId.get(producer.transactionalId);
      if (transaction?.epoch === producer.epoch) this.#close(transaction, outcome);
    }
  }
}
