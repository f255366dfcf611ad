import { InvalidDefinition } from './errors.js';

/** What becomes of an event whose handler throws: so many further tries, then its key is parked, or the subscription stops. */
export interface RetryPolicy {
  readonly times: number;
  readonly last: 'park' | 'stop';
}

/**
 * Tries again so many times, with growing delays; errors of the database or the broker never count.
 * @example retry(5).thenPark()
 */
export function retry(times: number): { thenPark(): RetryPolicy; thenStop(): RetryPolicy } {
  if (!Number.isInteger(times) || times < 0 || times > 100)
    throw new InvalidDefinition(`retry(${times}): give a whole number from 0 to 100`);
  return { thenPark: () => ({ times, last: 'park' }), thenStop: () => ({ times, last: 'stop' }) };
}
