import { describe, expect, it } from '@jest/globals';
import { ForeignRecord, type LogIdentity, type Metadata, type PublishedEvent } from '@logfold/core';
import {
  decodeRecord,
  encodeRecord,
  encodeRow,
  type EncodedRow,
  type ReceivedMessage,
  type ReceivedRecord,
} from './record.js';

const log: LogIdentity = { id: '0192a4f0-1111-7000-8000-000000000001', name: 'inventory', epoch: 2 };

describe('The record of an event', () => {
  it('is a CloudEvent that any client can read', () => {
    const { key, value, headers } = encodeRecord({ event: event(), partition: 3, previous: 41n }, log);

    expect({ key, value }).toEqual({ key: 'tea', value: '{"sku":"tea","text":"grün"}' });
    expect(headers).toEqual({
      ce_specversion: '1.0',
      ce_id: '0192a4f0-2222-7000-8000-000000000002',
      ce_source: '/logs/inventory',
      ce_type: 'StockReceived',
      ce_time: '2026-11-22T10:20:30.456Z',
      ce_subject: 'stock-tea',
      'content-type': 'application/json',
      ce_position: '42',
      ce_previous: '41',
      ce_streamversion: '7',
      ce_schemaversion: '2',
      ce_logid: log.id,
      ce_logepoch: '2',
      ce_correlationid: 'c1',
      ce_causationid: 'c2',
    });
  });

  it.each([{ sku: 'tea', onHand: 3 }, null])(
    'of a state holds the row alone, names none before it, and gives back %j',
    (row) => {
      const data = { key: { sku: 'tea' }, row };
      const sent = encodeRow({ event: event({ dataJson: JSON.stringify(data) }), partition: 3, previous: 41n }, log);

      expect(sent.value).toEqual(row && JSON.stringify(row));
      expect(sent.headers).not.toHaveProperty('ce_previous');
      const read = received(sent);
      expect([read.isRow, read.key, read.event.data]).toEqual([true, 'tea', data]);
    },
  );

  it.each<[string, Partial<Metadata>]>([
    ['nothing more', {}],
    ['a trace', { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', tracestate: 'a=b' }],
    ['what is not a trace by that name', { traceparent: 7, tracestate: null }],
    ['anything else', { user: 'jürgen', tags: ['a', { b: 1 }], no: null }],
  ])('gives the same event back, whose metadata holds %s', (_, more) => {
    const sent = event({ metadata: { correlationId: 'c1', causationId: 'c2', ...more } });
    const { topic: _topic, key: _key, dataJson, ...rest } = sent;

    const read = received(encodeRecord({ event: sent, partition: 3, previous: 41n }, log));

    expect(read.event).toEqual({ ...rest, data: JSON.parse(dataJson) as unknown });
    expect(read).toMatchObject({
      kind: 'record',
      key: 'tea',
      position: 42n,
      previous: 41n,
      log,
      type: 'StockReceived',
    });
  });

  it('keeps positions that a number cannot hold', () => {
    const position = 9_223_372_036_854_775_807n;
    const sent = event({ position });

    const read = received(encodeRecord({ event: sent, partition: 0, previous: position - 1n }, log));

    expect(read).toMatchObject({ position, previous: position - 1n });
  });
});

describe('A message that is no record of a log', () => {
  it.each<[string, Record<string, string | string[] | undefined>]>([
    ['names no log', { ce_logid: undefined }],
    ['names an empty log', { ce_logid: '' }],
    ['names two logs', { ce_logid: ['a', 'b'] }],
    ['has no position', { ce_position: undefined }],
    ['has an empty position', { ce_position: '' }],
    ['has a position that is no decimal number', { ce_position: '0x2a' }],
    ['has a position in blanks', { ce_position: ' 42 ' }],
    ['has a negative position', { ce_position: '-42' }],
    ['has a position that is too long', { ce_position: '42000000000000000000' }],
    ['does not say what it follows', { ce_previous: undefined }],
    ['follows itself', { ce_previous: '42' }],
  ])('is foreign: it %s', (_, changed) => {
    expect(decodeRecord('t', 0, message(changed))).toMatchObject({ kind: 'foreign' });
  });

  it('is foreign without any headers', () => {
    expect(decodeRecord('t', 0, { key: null, value: null, offset: '5' })).toMatchObject({ kind: 'foreign' });
  });

  it.each<[string, ReceivedMessage, string]>([
    ['has no type', message({ ce_type: undefined }), 'ce_type'],
    ['has a time that is none', message({ ce_time: 'today' }), 'ce_time'],
    ['has a version that is no number', message({ ce_streamversion: 'x' }), 'ce_streamversion'],
    ['has metadata that is no JSON', message({ ce_metadata: '{' }), 'ce_metadata'],
    ['has a value that is no JSON', { ...message(), value: Buffer.from('<xml/>') }, 'value'],
    ['has no value', { ...message(), value: null }, 'value'],
  ])('shows when its event is read: it %s', (_, broken, part) => {
    const read = decodeRecord('orders', 3, broken) as ReceivedRecord;

    expect(() => read.event).toThrow(ForeignRecord);
    expect(() => read.event).toThrow(part);
    expect(() => read.event).toThrow('Topic "orders", partition 3, offset 5');
  });
});

function event(changed: Partial<PublishedEvent> = {}): PublishedEvent {
  return {
    topic: 'inventory.stock',
    key: 'tea',
    type: 'StockReceived',
    dataJson: '{"sku":"tea","text":"grün"}',
    id: '0192a4f0-2222-7000-8000-000000000002',
    stream: 'stock-tea',
    version: 7,
    position: 42n,
    schemaVersion: 2,
    recordedAt: new Date('2026-11-22T10:20:30.456Z'),
    metadata: { correlationId: 'c1', causationId: 'c2' },
    ...changed,
  };
}

/** As it comes from a broker: everything is bytes. */
function received({ key, value, headers }: EncodedRow): ReceivedRecord {
  const bytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]);
  const decoded = decodeRecord('inventory.stock', 3, {
    key: Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    offset: '5',
    headers: Object.fromEntries(bytes) as Record<string, Buffer>,
  });
  return decoded as ReceivedRecord;
}

function message(changed: Record<string, string | string[] | undefined> = {}): ReceivedMessage {
  const { key, value, headers } = encodeRecord({ event: event(), partition: 3, previous: 41n }, log);
  return { key: Buffer.from(key), value: Buffer.from(value), offset: '5', headers: { ...headers, ...changed } };
}
