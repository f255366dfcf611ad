import { Logger } from '@nestjs/common';
import { describe, expect, it, jest } from '@jest/globals';
import { DatabaseUnavailable } from '@logfold/core';
import { runnerLog } from '../src/runner-log.js';

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
});

function log() {
  let now = 0;
  const lines: string[] = [];
  const logger = new Logger('test');
  jest.spyOn(logger, 'warn').mockImplementation((message) => void lines.push(`warn ${message}`));
  jest.spyOn(logger, 'error').mockImplementation((message) => void lines.push(`error ${message}`));
  return { report: runnerLog(logger, () => now), lines, wait: (ms: number) => (now += ms) };
}
