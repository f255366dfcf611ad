import { ImportEvents } from './import-events.js';
import { describe, expect, it } from '@jest/globals';
import type { Append } from '@logfold/core';
import { slices } from './appending.js';

describe('slices of appends', () => {
  it('hold no more events than the limit, all of them, in order', () => {
    const cut = slices([append('a', 3), append('b', 2), append('c', 1)], 4);
    expect(cut.map((slice) => slice.map(({ stream, events }) => `${stream}${events.length}`))).toEqual([
      ['a3'],
      ['b2', 'c1'],
    ]);
  });

  it('go on where a stream was left that has more events than one may hold', () => {
    const cut = slices([append('a', 9, 5)], 4);
    expect(cut.map(([part]) => [part!.expected, part!.events.length])).toEqual([[5, 4], [9, 4], [13, 1]]); // prettier-ignore
  });

  it('begin a new stream only once', () => {
    expect(slices([append('a', 5, 'none')], 4).map(([part]) => part!.expected)).toEqual(['none', 4]);
  });

  it('are none when there is nothing to append', () => {
    expect(slices([])).toEqual([]);
  });
});

function append(stream: string, count: number, expected: Append['expected'] = 0): Append {
  const event = ImportEvents.InvoiceImported({ invoice: '1', kind: 'order', lines: 1, events: 1, rowsHash: '' });
  return { stream, expected, events: Array.from({ length: count }, () => event) };
}
