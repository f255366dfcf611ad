import type { Clock, Lease, Leases } from '@logfold/core';

interface Held {
  owner: string;
  epoch: number;
  expiresAtMs: number;
}

/** Leases in memory, by the clock that it is given. */
export class MemoryLeases implements Leases {
  readonly #held = new Map<string, Held>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async claim(name: string, owner: string, ttlMs: number): Promise<Lease | undefined> {
    const now = this.#clock.now();
    const held = this.#held.get(name);
    if (held && held.owner !== owner && held.expiresAtMs > now) return undefined;
    const epoch = held === undefined ? 1 : held.owner === owner ? held.epoch : held.epoch + 1;
    this.#held.set(name, { owner, epoch, expiresAtMs: now + ttlMs });
    return { name, owner, epoch };
  }

  async renew(lease: Lease, ttlMs: number): Promise<boolean> {
    const held = this.#heldBy(lease);
    if (!held) return false;
    held.expiresAtMs = this.#clock.now() + ttlMs;
    return true;
  }

  async release(lease: Lease): Promise<void> {
    const held = this.#heldBy(lease);
    if (held) held.expiresAtMs = -Infinity;
  }

  async held(): Promise<readonly Lease[]> {
    const leases = [...this.#held].map(([name, { owner, epoch }]) => ({ name, owner, epoch }));
    return leases.filter(({ name }) => this.isHeld(name));
  }

  /** True while somebody holds it. */
  isHeld(name: string): boolean {
    return (this.#held.get(name)?.expiresAtMs ?? -Infinity) > this.#clock.now();
  }

  #heldBy({ name, owner, epoch }: Lease): Held | undefined {
    const held = this.#held.get(name);
    return held?.owner === owner && held.epoch === epoch ? held : undefined;
  }
}
