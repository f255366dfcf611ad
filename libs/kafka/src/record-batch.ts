import { crc32c } from './crc32c.js';
import type { ProducerEpoch } from './driver.js';
import type { EncodedRow } from './record.js';

const HEADER_BYTES = 61;
const LENGTH_AT = 8;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_DELTA_AT = 23;
const FIRST_TIMESTAMP_AT = 27;
const LAST_TIMESTAMP_AT = 35;
const PRODUCER_ID_AT = 43;
const PRODUCER_EPOCH_AT = 51;
const SEQUENCE_AT = 53;
const COUNT_AT = 57;

const MAGIC = 2;
const TRANSACTIONAL = 0x10;
const FIRST_CAPACITY = 64 * 1024;
/** The length -1 as a varint: there is no value. */
const NULL_LENGTH = 1;
const ONE_BYTE_LENGTH = 64;
const TWO_BYTE_LENGTH = 8_192;

/**
 * Writes the records of one partition and transaction, once, as they go over the wire and into the broker's files.
 * Source: https://kafka.apache.org/documentation/#recordbatch
 */
export class RecordBatchWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #end = HEADER_BYTES;
  #count = 0;

  /** How many records it holds. */
  get count(): number {
    return this.#count;
  }

  /** What the broker compares with `max.message.bytes`. */
  get sizeBytes(): number {
    return this.#end;
  }

  /** Adds a record, unless there are some already and the batch would become larger than `limitBytes`. */
  add({ key, value, headers }: EncodedRow, limitBytes: number): boolean {
    const start = this.#end;
    const guess = varintSize((value?.length ?? 0) + 512);
    this.#reserve(guess + 16);
    this.#end = start + guess;
    this.#byte(0); // attributes: none
    this.#byte(0); // timestamp: the batch's
    this.#varint(this.#count);
    this.#text(key);
    if (value === null) this.#byte(NULL_LENGTH);
    else this.#text(value);
    const countAt = this.#end;
    this.#reserve(1);
    this.#byte(0);
    let headersCount = 0;
    for (const name in headers) {
      this.#text(name);
      this.#text(headers[name]!);
      headersCount++;
    }
    this.#bytes[countAt] = headersCount << 1;
    this.#length(start, guess);
    if (this.#count > 0 && this.#end > limitBytes) {
      this.#end = start;
      return false;
    }
    this.#count++;
    return true;
  }

  /** The finished batch. @param sequence the number of its first record within the producer's epoch and partition */
  seal({ producerId, producerEpoch }: ProducerEpoch, sequence: number, now = Date.now()): Buffer {
    const bytes = this.#bytes;
    bytes.fill(0, 0, HEADER_BYTES);
    bytes.writeInt32BE(this.#end - LENGTH_AT - 4, LENGTH_AT);
    bytes[MAGIC_AT] = MAGIC;
    bytes.writeInt16BE(TRANSACTIONAL, ATTRIBUTES_AT);
    bytes.writeInt32BE(this.#count - 1, LAST_OFFSET_DELTA_AT);
    bytes.writeBigInt64BE(BigInt(now), FIRST_TIMESTAMP_AT);
    bytes.writeBigInt64BE(BigInt(now), LAST_TIMESTAMP_AT);
    bytes.writeBigInt64BE(producerId, PRODUCER_ID_AT);
    bytes.writeInt16BE(producerEpoch, PRODUCER_EPOCH_AT);
    bytes.writeInt32BE(sequence, SEQUENCE_AT);
    bytes.writeInt32BE(this.#count, COUNT_AT);
    bytes.writeUInt32BE(crc32c(bytes, ATTRIBUTES_AT, this.#end), CRC_AT);
    return bytes.subarray(0, this.#end);
  }

  /** A text with its length before it. The place of the length is guessed, and the text moved if it was another. */
  #text(text: string): void {
    const { length } = text;
    this.#reserve(3 * length + 5);
    const start = this.#end;
    if (length < ONE_BYTE_LENGTH && this.#ascii(text, start + 1)) {
      this.#bytes[start] = length << 1;
      this.#end = start + 1 + length;
      return;
    }
    const guess = varintSize(length);
    this.#end = start + guess + this.#bytes.write(text, start + guess, 'utf8');
    this.#length(start, guess);
  }

  /** Most texts are short and plain: a loop is faster for them than a call into Node. */
  #ascii(text: string, at: number): boolean {
    const bytes = this.#bytes;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) return false;
      bytes[at + index] = code;
    }
    return true;
  }

  /** Writes the length of what stands behind `start` plus `guess` before it. */
  #length(start: number, guess: number): void {
    const length = this.#end - start - guess;
    const size = varintSize(length);
    if (size !== guess) {
      this.#reserve(size);
      this.#bytes.copyWithin(start + size, start + guess, this.#end);
    }
    this.#end = start;
    this.#varint(length);
    this.#end = start + size + length;
  }

  /** Numbers from 0 on only. */
  #varint(value: number): void {
    let rest = value << 1;
    while (rest > 127) {
      this.#byte((rest & 127) | 128);
      rest >>>= 7;
    }
    this.#byte(rest);
  }

  #byte(value: number): void {
    this.#bytes[this.#end++] = value;
  }

  #reserve(more: number): void {
    if (this.#end + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#end + more));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}

function varintSize(value: number): number {
  if (value < ONE_BYTE_LENGTH) return 1;
  if (value < TWO_BYTE_LENGTH) return 2;
  return value < 1_048_576 ? 3 : value < 134_217_728 ? 4 : 5;
}
