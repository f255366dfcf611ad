import { Logger } from '@nestjs/common';
import { describe, expect, it, jest } from '@jest/globals';
import { DatabaseUnavailable, type Rebuild, type Recorded } from '@logfold/core';
import { alarmLog, lostLog, parkedLog, rebuildLog, runnerLog } from '../src/runner-log.js';

describe('the log of the loops', () => {
  it('has one line for the same trouble, however often it comes', () => {
    const { report, lines, wait } = log();
    for (let attempt = 0; attempt < 100; attempt++) {
      report(new DatabaseUnavailable('gone'), 'notes v1', false);
      wait(5_000);
    }
    expect(lines).toEqual(['warn "notes v1" tries again: gone']);
  });

  it('has a line when the trouble changes, and when it comes back after a quiet time', () => {
    const { report, lines, wait } = log();
    report(new DatabaseUnavailable('gone'), 'notes v1', false);
    report(new DatabaseUnavailable('starting'), 'notes v1', false);
    wait(3_600_000);
    report(new DatabaseUnavailable('starting'), 'notes v1', false);
    expect(lines).toHaveLength(3);
  });

  it('tells each loop apart', () => {
    const { report, lines } = log();
    report(new DatabaseUnavailable('gone'), 'notes v1', false);
    report(new DatabaseUnavailable('gone'), 'texts v1', false);
    expect(lines).toHaveLength(2);
  });

  it('always says that a loop gave up', () => {
    const { report, lines } = log();
    report(new TypeError('a bug'), 'notes v1', false);
    report(new TypeError('a bug'), 'notes v1', true);
    expect(lines).toEqual([
      'error "notes v1" failed and tries again: a bug',
      'error "notes v1" gave up: a bug. It starts again with the process.',
    ]);
  });

  it('says what was parked, and what a broker has lost', () => {
    const { logger, lines } = log();
    const metadata = { correlationId: 'c', causationId: 'd' };
    const event = { type: 'NoteWritten', position: 7n, stream: 'note-tea', metadata } as unknown as Recorded;
    parkedLog(logger)('print', event, new TypeError('out of paper'));
    const traced = { ...event, metadata: { ...metadata, traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` } };
    parkedLog(logger)('print', traced, new TypeError('out of ink'));
    lostLog(logger)({ topic: 'desk.note', partition: 1, sent: 9n, found: 7n });
    const next = { position: 9n, previous: 8n };
    alarmLog(logger)({ kind: 'gap suspected', topic: 'desk.note', partition: 1, checkpoint: 7n, next });
    expect(lines).toEqual([
      'error "print" parked NoteWritten at position 7 (stream "note-tea"), and what follows of its key: out of paper (correlation id c)',
      'error "print" parked NoteWritten at position 7 (stream "note-tea"), and what follows of its key: out of ink ' +
        `(correlation id c, trace ${'1'.repeat(32)})`,
      'error Topic "desk.note", partition 1, ends at position 7, though it was sent up to 9: ' +
        'the broker lost committed records. They are sent again',
      'warn gap suspected: topic desk.note, partition 1, checkpoint 7, next {"position":"9","previous":"8"}',
    ]);
  });
});

describe('the log of rebuilds', () => {
  const rebuild = { name: 'notes', version: 2, who: 'ada', why: 'a fix' } as Rebuild;

  it.each<[Partial<Rebuild>, string]>([
    [{ state: 'building' }, 'log Rebuild of "notes" v2 has begun: asked for by ada, a fix'],
    [{ state: 'attached' }, 'log Rebuild of "notes" v2 has caught up, and is being verified'],
    [
      {
        state: 'verified',
        report: { comparisons: [{ with: 'a fold of the log', rows: 7, different: 0, examples: [] }] },
      },
      'log Rebuild of "notes" v2 is verified: 7 rows compared with a fold of the log',
    ],
    [
      { state: 'refused', report: { comparisons: [], refused: '3 of 7 rows differ from version 1' } },
      'warn Rebuild of "notes" v2 was refused, queries read what they read before: 3 of 7 rows differ from version 1',
    ],
    [{ state: 'switched' }, 'log Rebuild of "notes" v2 is switched'],
    [{ state: 'failed', error: 'a bug' }, 'error Rebuild of "notes" v2 failed: a bug. Nothing has changed'],
    [{ state: 'switched', error: 'no' }, 'warn Rebuild of "notes" v2 stays switched: no'],
  ])('has a line for %j', (change, line) => {
    const { logger, lines } = log();
    rebuildLog(logger)({ ...rebuild, ...change });
    expect(lines).toEqual([line]);
  });
});

function log() {
  let now = 0;
  const lines: string[] = [];
  const logger = new Logger('test');
  jest.spyOn(logger, 'log').mockImplementation((message) => void lines.push(`log ${message}`));
  jest.spyOn(logger, 'warn').mockImplementation((message) => void lines.push(`warn ${message}`));
  jest.spyOn(logger, 'error').mockImplementation((message) => void lines.push(`error ${message}`));
  return { logger, report: runnerLog(logger, () => now), lines, wait: (ms: number) => (now += ms) };
}
