import { events, type, type Metadata } from '@logfold/core';
import { randomUUID } from 'node:crypto';

/** How the streams of a case grow. `new`: every append begins one. `growing`: every worker has its own, from n to n + 1. */
export type Shape = 'new' | 'growing';

/** One append of the workload: one event, at an expected version. */
export interface OneAppend {
  readonly stream: string;
  /** The version of the stream so far; 0 for none. */
  readonly version: number;
  readonly data: LinePlaced;
  readonly metadata: Metadata;
}

/** What the event says: some 180 bytes as JSON. */
export interface LinePlaced {
  readonly orderId: string;
  readonly sku: string;
  readonly description: string;
  readonly quantity: number;
  readonly unitPrice: number;
  readonly currency: string;
  readonly customer: string;
  readonly country: string;
}

/** Ours is made by a creator that checks nothing: validating is not what is measured. */
export const BenchEvents = events('bench.order', { topic: null, partitions: 1 }, { LinePlaced: type<LinePlaced>() });

/** Gives each worker its next append, the same kind for every contestant. */
export class Workload {
  readonly #streams: string[] = [];
  readonly #versions: number[] = [];
  #count = 0;

  constructor(readonly shape: Shape) {}

  /** A worker makes one append after another, so its stream is at the version of its last one. */
  next(worker: number): OneAppend {
    const version = this.shape === 'new' ? 0 : (this.#versions[worker] ?? 0);
    const stream = this.shape === 'new' ? streamName() : (this.#streams[worker] ??= streamName());
    this.#versions[worker] = version + 1;
    return {
      stream,
      version,
      data: line(this.#count++),
      metadata: { correlationId: randomUUID(), causationId: randomUUID() },
    };
  }
}

function streamName(): string {
  return `order-${randomUUID()}`;
}

function line(count: number): LinePlaced {
  return {
    orderId: String(536_365 + (count % 100_000)),
    sku: `85123A${count % 10}`,
    description: 'WHITE HANGING HEART T-LIGHT HOLDER',
    quantity: 1 + (count % 48),
    unitPrice: 2_550,
    currency: 'GBP',
    customer: String(12_346 + (count % 6_000)),
    country: 'United Kingdom',
  };
}
