/**
 * How large a partition's part of a transaction may become, by topic: what the topic says, less a tenth; halved each
 * time that a broker refuses a batch nevertheless. Remembered from session to session until the topic says otherwise.
 */
export class BatchCaps {
  readonly #topics = new Map<string, { readonly largest: number; cap: number }>();

  /** Takes what the topics say at the beginning of a session. */
  begin(largestBytes: ReadonlyMap<string, number>): void {
    for (const [topic, largest] of largestBytes)
      if (this.#topics.get(topic)?.largest !== largest)
        this.#topics.set(topic, { largest, cap: Math.floor(largest * 0.9) });
  }

  /** In bytes, for a batch of more than one record. */
  of(topic: string): number {
    return this.#topics.get(topic)?.cap ?? 0;
  }

  /** A broker refused a batch of this size. */
  refused(topic: string, sizeBytes: number): void {
    const known = this.#topics.get(topic);
    if (known) known.cap = Math.floor(Math.min(sizeBytes, known.cap) / 2);
  }
}
