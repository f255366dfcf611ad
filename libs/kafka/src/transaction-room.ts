/** Bounds the memory of a transaction, and what is sent again after a failure. */
const MOST_BYTES = 16 * 1024 * 1024;
const LEAST_BYTES = 64 * 1024;

/** Transactions that must have gone well before more is tried. */
const WELL = 100;

/**
 * How many bytes of records a transaction may have. Half as many after one that was not acknowledged in time: over a slow or throttled
 * link the same again would never arrive. Twice as many after a hundred that were. Remembered from session to session.
 */
export class TransactionRoom {
  #bytes = MOST_BYTES;
  #well = 0;

  get bytes(): number {
    return this.#bytes;
  }

  committed(): void {
    if (++this.#well < WELL) return;
    this.#well = 0;
    this.#bytes = Math.min(MOST_BYTES, 2 * this.#bytes);
  }

  failed(sizeBytes: number): void {
    this.#well = 0;
    if (sizeBytes > 0) this.#bytes = Math.max(LEAST_BYTES, Math.floor(Math.min(sizeBytes, this.#bytes) / 2));
  }
}
