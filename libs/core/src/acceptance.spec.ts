import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Chain, verdict, type Link } from './acceptance.js';

describe('the acceptance rule', () => {
  it.each([
    ['drop', { position: 5n, previous: 4n }],
    ['drop', { position: 3n, previous: 0n }],
    ['accept', { position: 6n, previous: 5n }],
    ['accept', { position: 9n, previous: 2n }],
    ['step over', { position: 9n, previous: 7n }],
  ] as const)('at checkpoint 5 answers %s to %o', (expected, link) => {
    expect(verdict(5n, link)).toBe(expected);
  });

  it('accepts each record of any partition once and in order, whatever is leaked, doubled, shown again or skipped', () => {
    fc.assert(
      fc.property(partitions, fc.array(jumps, { maxLength: 8 }), ({ records, shown }, wild) => {
        const reader = new Reader(shown, 0n);
        for (const jump of wild) reader.readFrom(jump, shown.length);
        reader.finish();
        expect(reader.accepted).toEqual(records.map(({ position }) => position));
        expect(reader.gap).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });

  it('accepts exactly what follows the start, from every start and hint, also after moves by other means', () => {
    fc.assert(
      fc.property(partitions, fc.nat(), fc.nat(), fc.nat(), fc.nat(), ({ records, shown }, start, hint, stop, to) => {
        const checkpoint = BigInt(start % 60);
        const reader = new Reader(shown, checkpoint);
        reader.readFrom(hint, stop);
        const moved = BigInt(to % 60);
        const ahead = moved > reader.chain.checkpoint;
        const before = reader.chain.checkpoint;
        if (ahead) reader.chain.moveTo(moved);
        reader.finish();
        const skipped = (position: bigint): boolean => ahead && position > before && position <= moved;
        const wanted = records.map(({ position }) => position).filter((position) => position > checkpoint);
        expect(reader.accepted).toEqual(wanted.filter((position) => !skipped(position)));
        expect(reader.gap).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });

  it('gets past a leak right before the true record without going back', () => {
    const reader = new Reader(
      [
        { position: 1n, previous: 0n },
        { position: 3n, previous: 2n }, // leaked: 2 and 3 were aborted, and only 3 shows
        { position: 2n, previous: 1n },
        { position: 3n, previous: 2n },
      ],
      0n,
    );
    reader.finish();
    expect(reader.accepted).toEqual([1n, 2n, 3n]);
    expect(reader.passes).toBe(1);
  });

  it('finds a real hole, at the end and not before, after it has gone back and started over', () => {
    fc.assert(
      fc.property(partitions, fc.nat(), ({ records, shown }, which) => {
        fc.pre(records.length > 1);
        const lost = records[which % (records.length - 1)]!;
        const left = shown.filter(({ position }) => position !== lost.position);
        const reader = new Reader(left, 0n);
        reader.finish();
        expect(reader.accepted).toEqual(
          records.map(({ position }) => position).filter((position) => position < lost.position),
        );
        expect(reader.answers).toEqual(['go back', 'start over', 'gap']);
        expect(reader.gap!.previous).toBeGreaterThan(lost.previous);
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes nothing for a hole whose last record only is missing: it may come yet', () => {
    const chain = new Chain(1n);
    expect(chain.offer({ position: 1n, previous: 0n }, 0n)).toBe('drop');
    expect(chain.atEnd()).toEqual({ step: 'wait' });
    expect(chain.offer({ position: 2n, previous: 1n }, 1n)).toBe('accept');
    expect(chain.atEnd()).toEqual({ step: 'wait' });
  });

  it('goes back to the lowest record that was stepped over', () => {
    const chain = new Chain(1n);
    chain.offer({ position: 5n, previous: 4n }, 7n);
    chain.offer({ position: 4n, previous: 3n }, 6n);
    expect(chain.atEnd()).toEqual({ step: 'go back', to: 6n });
  });

  it('forgets what it stepped over once all of that was handled by other means', () => {
    const chain = new Chain(1n);
    chain.offer({ position: 5n, previous: 4n }, 7n);
    chain.moveTo(4n);
    expect(chain.atEnd()).toEqual({ step: 'go back', to: 7n });
    chain.offer({ position: 5n, previous: 4n }, 7n);
    expect(chain.checkpoint).toBe(5n);
    chain.offer({ position: 9n, previous: 8n }, 8n);
    chain.moveTo(9n);
    expect(chain.atEnd()).toEqual({ step: 'wait' });
  });

  it('starts its attempts anew after an end with nothing missing: what leaks later is not taken for a hole at once', () => {
    const chain = new Chain(6n);
    chain.offer({ position: 8n, previous: 7n }, 7n); // leaked: 7 and 8 were aborted, and only 8 shows
    expect(chain.atEnd().step).toBe('go back');
    chain.offer({ position: 8n, previous: 7n }, 7n);
    expect(chain.atEnd().step).toBe('start over');
    expect(chain.atEnd().step).toBe('wait'); // it did not leak this time
    chain.offer({ position: 8n, previous: 7n }, 10n);
    expect(chain.atEnd()).toEqual({ step: 'go back', to: 10n });
  });

  it('starts its attempts anew after anything was accepted', () => {
    const chain = new Chain(1n);
    chain.offer({ position: 5n, previous: 4n }, 7n);
    expect(chain.atEnd().step).toBe('go back');
    chain.offer({ position: 2n, previous: 1n }, 3n);
    chain.offer({ position: 5n, previous: 4n }, 7n);
    expect(chain.atEnd().step).toBe('go back');
  });
});

/** Reads a partition as a source does: to the end, then where the chain says, until there is nothing left to do. */
class Reader {
  readonly accepted: bigint[] = [];
  readonly answers: string[] = [];
  readonly chain: Chain;
  gap: Link | undefined;
  passes = 0;

  constructor(
    readonly shown: readonly Link[],
    checkpoint: bigint,
  ) {
    this.chain = new Chain(checkpoint);
  }

  /** Shows some records from anywhere, as after a rebalance or with a wrong hint. */
  readFrom(from: number, length: number): void {
    const start = this.shown.length === 0 ? 0 : from % this.shown.length;
    for (let offset = start; offset < Math.min(this.shown.length, start + length); offset++) this.#offer(offset);
  }

  finish(): void {
    for (let offset = 0; ;) {
      this.passes++;
      if (this.passes > 4 * this.shown.length + 4)
        throw new RangeError('goes back and back, and never comes to an end');
      for (; offset < this.shown.length; offset++) this.#offer(offset);
      const end = this.chain.atEnd();
      if (end.step === 'wait') return;
      this.answers.push(end.step);
      if (end.step === 'gap') {
        this.gap = end.link;
        return;
      }
      offset = end.step === 'go back' ? Number(end.to) : 0;
    }
  }

  #offer(offset: number): void {
    const link = this.shown[offset]!;
    if (this.chain.offer(link, BigInt(offset)) === 'accept') this.accepted.push(link.position);
  }
}

const jumps = fc.nat({ max: 40 });

/**
 * A log's records in one partition, and what a reader is shown of it: batches whose transaction was aborted once or more
 * before it was committed, of which some leak; records that stand there twice; and whole stretches written again.
 */
const partitions = fc
  .record({
    steps: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 14 }),
    batches: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 14, maxLength: 14 }),
    leaks: fc.array(fc.array(fc.boolean(), { maxLength: 4 }), { minLength: 14, maxLength: 14 }),
    doubled: fc.array(fc.boolean(), { minLength: 14, maxLength: 14 }),
    again: fc.array(fc.nat({ max: 6 }), { minLength: 14, maxLength: 14 }),
  })
  .map(({ steps, batches, leaks, doubled, again }) => {
    const records: Link[] = [];
    for (const step of steps) {
      const previous = records.at(-1)?.position ?? 0n;
      records.push({ previous, position: previous + BigInt(step) });
    }
    const shown: Link[] = [];
    let from = 0;
    for (let turn = 0; from < records.length; turn++) {
      const batch = records.slice(from, from + batches[turn]!);
      shown.push(...batch.filter((_, index) => leaks[turn]![index]));
      for (const [index, record] of batch.entries())
        shown.push(...(doubled[from + index] ? [record, record] : [record]));
      from += batch.length;
      if (again[turn]! > 4) shown.push(...records.slice(Math.max(0, from - again[turn]!), from));
    }
    return { records, shown };
  });
