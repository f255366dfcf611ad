/** A folded state and the version of the stream that it stands for. Never changed in place. */
export interface Folded<S = unknown> {
  readonly state: S;
  readonly version: number;
}

/** Folded states of recently used streams, the least recently used dropped first. Only committed states may go in. */
export class StateCache {
  readonly #entries = new Map<string, Folded>();

  /** @param limit how many streams are kept. */
  constructor(readonly limit: number) {}

  get<S>(stream: string): Folded<S> | undefined {
    const entry = this.#entries.get(stream);
    if (entry === undefined) return undefined;
    this.#entries.delete(stream);
    this.#entries.set(stream, entry);
    return entry as Folded<S>;
  }

  /** Keeps an entry, unless a later version of the stream is there already. */
  set(stream: string, entry: Folded): void {
    const present = this.#entries.get(stream);
    if (present && present.version > entry.version) return;
    this.#entries.delete(stream);
    this.#entries.set(stream, entry);
    if (this.#entries.size > this.limit) this.#entries.delete(this.#entries.keys().next().value!);
  }

  delete(stream: string): void {
    this.#entries.delete(stream);
  }
}
