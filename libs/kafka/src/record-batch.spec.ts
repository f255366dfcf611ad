import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import type { LogIdentity, TopicRecord } from '@logfold/core';
import { crc32c } from './crc32c.js';
import { RecordBatchWriter } from './record-batch.js';
import { decodeRecord, encodeRecord, type EncodedRecord, type ReceivedMessage } from './record.js';

const require = createRequire(import.meta.url);
const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;
const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (
  decoder: object,
) => Promise<DecodedBatch>;

const log: LogIdentity = { id: '0192a4f0-1111-7000-8000-000000000001', name: 'inventory', epoch: 2 };
const epoch = { transactionalId: 'inventory-relay', producerId: 5_000_000_000n, producerEpoch: 7 };
const LARGE = 10_000_000;

describe('A batch of records', () => {
  it('is read back by another implementation as it was written', async () => {
    const writer = new RecordBatchWriter();
    const texts = [
      '',
      'x'.repeat(63),
      'x'.repeat(64),
      'ü'.repeat(63),
      '€'.repeat(4_095),
      'x'.repeat(9_000),
      '😀'.repeat(20_000),
    ];
    const records = texts.map((text, index) => record(index + 1, text));
    for (const each of records) expect(writer.add(encodeRecord(each, log), LARGE)).toBe(true);

    const batch = await decodeBatch(new Decoder(Buffer.from(writer.seal(epoch, 41))));

    expect(batch).toMatchObject({
      producerId: '5000000000',
      producerEpoch: 7,
      firstSequence: 41,
      inTransaction: true,
      isControlBatch: false,
      lastOffsetDelta: texts.length - 1,
    });
    expect(batch.records.map(({ offset }) => offset)).toEqual(texts.map((_, index) => String(index)));
    expect(batch.records.map(({ key }) => key!.toString())).toEqual(records.map(({ event }) => event.key));
    expect(batch.records.map(({ value }) => value!.toString())).toEqual(records.map(({ event }) => event.dataJson));
    for (const [index, each] of batch.records.entries())
      expect(decodeRecord('t', 0, each)).toMatchObject({ kind: 'record', position: BigInt(index + 1), log });
  });

  it('has the size that the broker measures', () => {
    const writer = new RecordBatchWriter();
    writer.add(encodeRecord(record(1, 'some text'), log), LARGE);

    const bytes = writer.seal(epoch, 0);

    expect(bytes.length).toBe(writer.sizeBytes);
    expect(bytes.readInt32BE(8)).toBe(bytes.length - 12);
  });

  it('takes no record that would make it too large, but always the first', () => {
    const writer = new RecordBatchWriter();
    const encoded = encodeRecord(record(1, 'x'.repeat(500)), log);

    expect(writer.add(encoded, 100)).toBe(true);
    const size = writer.sizeBytes;
    expect(writer.add(encoded, 100)).toBe(false);
    expect(writer).toMatchObject({ count: 1, sizeBytes: size });
    expect(writer.add(encoded, 10_000)).toBe(true);
    expect(writer.count).toBe(2);
  });

  it('holds records without headers, and with many', async () => {
    const many = Object.fromEntries(Array.from({ length: 63 }, (_, n) => [`h${n}`, `${n}`]));
    const writer = new RecordBatchWriter();
    for (const headers of [{}, many]) writer.add({ key: 'k', value: 'v', headers } satisfies EncodedRecord, LARGE);

    const { records } = await decodeBatch(new Decoder(writer.seal(epoch, 0)));

    expect(records.map(({ headers }) => Object.keys(headers!).length)).toEqual([0, 63]);
  });
});

describe('The checksum of a batch', () => {
  it.each([
    // RFC 3720, B.4
    [Buffer.alloc(32, 0), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [Buffer.from(Array.from({ length: 32 }, (_, n) => n)), 0x46dd794e],
    [Buffer.from('123456789'), 0xe3069283],
    [Buffer.alloc(0), 0],
  ])('is CRC-32C: %p', (bytes, expected) => {
    expect(crc32c(bytes, 0, bytes.length)).toBe(expected);
    const within = Buffer.concat([Buffer.from('abc'), bytes, Buffer.from('d')]);
    expect(crc32c(within, 3, 3 + bytes.length)).toBe(expected);
  });
});

interface DecodedBatch {
  readonly records: readonly ReceivedMessage[];
}

function record(position: number, text: string): TopicRecord {
  return {
    event: {
      topic: 'inventory.stock',
      key: `key-${position}`,
      type: 'StockReceived',
      dataJson: JSON.stringify({ text }),
      id: '0192a4f0-2222-7000-8000-000000000002',
      stream: `stock-${text.slice(0, 200)}`,
      version: 1,
      position: BigInt(position),
      schemaVersion: 1,
      recordedAt: new Date('2026-11-22T10:20:30.456Z'),
      metadata: { correlationId: 'c1', causationId: 'c2' },
    },
    partition: 0,
    previous: BigInt(position - 1),
  };
}
