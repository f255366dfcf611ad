const POLYNOMIAL = 0x82f63b78; // Castagnoli, reflected
const tables = slicingTables();
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [T, T, T, T, T, T, T, T];
type T = Int32Array;

/**
 * CRC-32C of `bytes` from `start` on, as an unsigned number: the checksum of a record batch.
 * Eight bytes at a time ("slicing by 8"): Kounavis and Berry, 2008.
 */
export function crc32c(bytes: Buffer, start: number, end: number): number {
  let crc = -1;
  let at = start;
  for (const whole = end - ((end - start) & 7); at < whole; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      t7[crc & 255]! ^
      t6[(crc >>> 8) & 255]! ^
      t5[(crc >>> 16) & 255]! ^
      t4[crc >>> 24]! ^
      t3[bytes[at + 4]!]! ^
      t2[bytes[at + 5]!]! ^
      t1[bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!;
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]!) & 255]!;
  return ~crc >>> 0;
}

/** The n-th table holds the checksum of a byte with n zero bytes behind it. */
function slicingTables(): T[] {
  const first = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    first[byte] = crc;
  }
  const made = [first];
  for (let n = 1; n < 8; n++) made.push(made[n - 1]!.map((crc) => (crc >>> 8) ^ first[crc & 255]!));
  return made;
}
