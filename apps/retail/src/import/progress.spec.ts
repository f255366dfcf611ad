import { describe, expect, it } from '@jest/globals';
import { pace } from './progress.js';

describe('the pace of an import', () => {
  it('is rows per second, and the time left at this rate', () => {
    expect(pace(5_000, 0.25, 2_000)).toEqual({ rate: 2_500, left: '6 s' });
    expect(pace(5_000, 0.01, 1_000)).toEqual({ rate: 5_000, left: '1 min 39 s' });
  });

  it('is not known before anything was read', () => {
    expect(pace(0, 0, 0)).toEqual({ rate: 0, left: '?' });
  });
});
