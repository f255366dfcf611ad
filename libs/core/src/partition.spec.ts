import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { partitionOf } from './partition.js';

/** The hashes that Kafka's own test knows: org.apache.kafka.common.utils.UtilsTest.testMurmur2. */
const hashes: readonly (readonly [key: string, hash: number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

describe('the partition of a key', () => {
  it.each(hashes)('hashes %s as Kafka does', (key, hash) => {
    const largest = 0x7fffffff;
    expect(partitionOf(key, largest)).toBe((hash & 0x7fffffff) % largest);
    for (const partitions of [1, 2, 6, 12, 50, 1_000])
      expect(partitionOf(key, partitions)).toBe((hash & 0x7fffffff) % partitions);
  });

  it('is always one of the partitions, and the same each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 1_000 }), (key, partitions) => {
        const partition = partitionOf(key, partitions);
        expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
        expect(partitionOf(key, partitions)).toBe(partition);
      }),
    );
  });

  it('spreads keys over all partitions', () => {
    const keys = Array.from({ length: 1_200 }, (_, index) => `order-${index}`);
    const counts = Array.from({ length: 12 }, () => 0);
    for (const key of keys) counts[partitionOf(key, 12)]!++;
    expect(Math.min(...counts)).toBeGreaterThan(50);
  });
});
