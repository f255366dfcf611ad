import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BehindSince } from './behind-since.js';

describe('For how long a reader is behind', () => {
  it('is told from when the end was first seen that it has not reached', () => {
    const since = new BehindSince();
    expect(since.behind('a', 10n, 10n, 0)).toEqual({ positions: 0n, seconds: 0 });
    expect(since.behind('a', 10n, 15n, 1_000)).toEqual({ positions: 5n, seconds: 0 });
    expect(since.behind('a', 10n, 20n, 3_000)).toEqual({ positions: 10n, seconds: 2 });
    expect(since.behind('a', 12n, 20n, 5_000)).toEqual({ positions: 8n, seconds: 4 });
    expect(since.behind('b', 0n, 20n, 5_000)).toEqual({ positions: 20n, seconds: 0 });
  });

  it('falls when it has reached what was waited for, and is nothing at the end', () => {
    const since = new BehindSince();
    since.behind('a', 0n, 15n, 0);
    since.behind('a', 0n, 20n, 3_000);
    expect(since.behind('a', 15n, 30n, 5_000)).toEqual({ positions: 15n, seconds: 2 });
    expect(since.behind('a', 30n, 30n, 6_000)).toEqual({ positions: 0n, seconds: 0 });
    expect(since.behind('a', 30n, 31n, 9_000)).toEqual({ positions: 1n, seconds: 0 });
  });

  it('is never more than it is, and never shrinks for one that stands still', () => {
    const steps = fc.array(fc.record({ more: fc.nat(3), read: fc.nat(3), afterMs: fc.nat(1_000) }), { maxLength: 50 });
    fc.assert(
      fc.property(steps, (all) => {
        const since = new BehindSince();
        const made: number[] = []; // the time at which each position came to be
        let [now, read, last] = [0, 0, 0];
        for (const { more, read: reads, afterMs } of all) {
          now += afterMs;
          for (let index = 0; index < more; index++) made.push(now);
          const before = read;
          read = Math.min(made.length, read + reads);
          const { seconds } = since.behind('a', BigInt(read), BigInt(made.length), now);
          expect(seconds).toBeLessThanOrEqual(read < made.length ? (now - made[read]!) / 1_000 : 0);
          if (read === before) expect(seconds).toBeGreaterThanOrEqual(last);
          last = seconds;
        }
      }),
    );
  });
});
