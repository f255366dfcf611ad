import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { processLog } from './process-log.js';

let written: string[];
beforeEach(() => {
  written = [];
  const write = (text: unknown): boolean => written.push(String(text)) > 0;
  for (const stream of [process.stdout, process.stderr]) jest.spyOn(stream, 'write').mockImplementation(write);
});
afterEach(() => {
  jest.restoreAllMocks();
  context.disable();
});

describe('The log of a process in production', () => {
  it('is a JSON object a line, with the span under which it was written', () => {
    Logger.overrideLogger(processLog(true).logger);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const span = new TracerProvider().getTracer('test').startSpan('request');
    context.with(trace.setSpan(context.active(), span), () =>
      new Logger('HTTP').error('it "failed"', new TypeError('why').stack),
    );

    const { traceId, spanId } = span.spanContext();
    const [line, ...others] = written.map((text) => JSON.parse(text) as object);
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      level: 'error',
      context: 'HTTP',
      message: 'it "failed"',
      stack: expect.stringContaining('TypeError: why'),
      trace_id: traceId,
      span_id: spanId,
      trace_flags: '01',
    });
  });

  it('names no trace where there is none, and tells the address as a line too', () => {
    const log = processLog(true);
    Logger.overrideLogger(log.logger);
    new Logger('Logfold').log('begun');
    log.announce('open:\n  http://localhost:1');
    log.giveUp('PORT must be a number');

    const lines = written.map((text) => JSON.parse(text) as object);
    expect(lines.map((line) => Object.keys(line).filter((name) => name.includes('_')))).toEqual([[], [], []]);
    expect(lines).toMatchObject([
      { level: 'log', message: 'begun' },
      { level: 'log', message: 'open:\n  http://localhost:1' },
      { level: 'fatal', message: 'PORT must be a number' },
    ]);
  });
});

describe('The log of a process for people', () => {
  it('has warnings and errors alone', () => {
    Logger.overrideLogger(processLog(false).logger);
    new Logger('Logfold').log('begun');
    new Logger('Logfold').warn('slow');

    expect(written).toEqual([expect.stringContaining('slow')]);
  });
});
