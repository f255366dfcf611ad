/** Depends on which positions came, and in which order. */
export function traced(trace: number, position: bigint): number;
