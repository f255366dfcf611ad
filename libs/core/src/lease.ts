/** A right to work, for some time. The epoch rises with every change of owner. */
export interface Lease {
  readonly name: string;
  readonly owner: string;
  readonly epoch: number;
}

/**
 * Keeps two runners from doing the same work at once; it is no lock, and nothing may be right only because of it.
 * Times are by the database's clock.
 */
export interface Leases {
  /** Takes the lease if it is free, expired, or already the owner's; undefined while another holds it. */
  claim(name: string, owner: string, ttlMs: number): Promise<Lease | undefined>;
  /** Prolongs a lease; false when it was lost. */
  renew(lease: Lease, ttlMs: number): Promise<boolean>;
  /** Gives a lease back, so that the next owner need not wait for its end. Does nothing when it was lost. */
  release(lease: Lease): Promise<void>;
  /** The leases that are held now. */
  held(): Promise<readonly Lease[]>;
}
